"""A classifier's graph in three parts, as publishing it in int8 needs them.

    picture files ─ front ─> pixels ─ network ─> logits ─ back ─> probabilities, classes, …

Only the network computes much, and only it is quantised. The cuts are found in the graph itself:
pixels are what tf.map_fn makes of the files (decode_batch in serving.export.picture), logits are
what the last softmax takes. So any classifier can be cut that was exported here or by
docs/own-model.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from serving.export.publish import ExportError

_FLOATING = (tf.float32, tf.float16, tf.bfloat16)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A graph from one tensor to some others, with constants for weights."""

    graph: Any  # GraphDef; its placeholder is the start
    start: str  # names of tensors
    ends: Sequence[str]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """One signature of a classifier."""

    front: Part  # string [batch] -> float32 [batch, height, width, channels]
    network: Part  # float32 [1, height, width, channels] -> float32 [1, classes]
    back: Part  # float32 [batch, classes] -> the outputs
    outputs: Sequence[str]  # the names of the back's ends


def cut(function: Any, name: str) -> Parts:
    """Return the parts of a loaded SavedModel's signature; raise ExportError."""
    frozen = convert_variables_to_constants_v2(function)
    graph, definition = frozen.graph, frozen.graph.as_graph_def()
    ends: Sequence[Any] = frozen.outputs  # by the names of the outputs, in their order
    if len(frozen.inputs) != 1 or frozen.inputs[0].dtype != tf.string:
        raise _refusal(name, "it takes something else than picture files, one string for each")
    (image,) = frozen.inputs
    logits = _logits(ends)
    if logits is None:
        raise _refusal(name, "its outputs do not come out of one softmax")
    pixels = _pixels(graph, logits)
    if pixels is None:
        raise _refusal(
            name,
            "there is no one place where files have become pixels of one size, as "
            "serving.export.picture.decode_batch makes it",
        )
    return Parts(
        front=_part(definition, image, [pixels], [None], checks=True),
        network=_part(definition, pixels, [logits], [1, *pixels.shape[1:]]),
        back=_part(definition, logits, ends, [None, *logits.shape[1:]]),
        outputs=sorted(function.structured_outputs),
    )


def _refusal(name: str, why: str) -> ExportError:
    return ExportError(
        f"the model cannot be quantised: signature {name}: {why}. Expected a classifier of picture "
        "files, as docs/own-model.md makes it of a Keras model"
    )


def _logits(ends: Sequence[Any]) -> Any:
    """Return the tensor [batch, classes] that all outputs come from alone, if there is one."""
    for operation in _before(ends):  # the nearest first: attention has a softmax, too
        if operation.type == "Softmax" and operation.inputs[0].shape.rank == 2:
            logits = operation.inputs[0]
            return logits if _separates(logits, ends) else None
    return None


def _pixels(graph: Any, logits: Any) -> Any:
    """Return the tensor of pixels that the logits come from alone, if there is one."""
    for operation in graph.get_operations():
        if operation.type == "TensorListStack":
            pixels = operation.outputs[0]
            shaped = pixels.shape.rank == 4 and pixels.shape[1:].is_fully_defined()
            if shaped and pixels.dtype in _FLOATING and _separates(pixels, [logits]):
                return pixels
    return None


def _separates(tensor: Any, ends: Sequence[Any]) -> bool:
    """Return whether the ends need nothing that is fed but this tensor, and do need it."""
    needed = _before(ends, stop=(tensor.op,))
    return tensor.op in needed and all(each.type != "Placeholder" for each in needed)


def _before(ends: Iterable[Any], stop: Collection[Any] = (), *, checks: bool = False) -> list[Any]:
    """Return the operations that tensors come from, the nearest first; none beyond stop.

    With checks also those that must have run before, as what tells that a file is no picture.
    """
    found = dict.fromkeys(each.op for each in ends)
    queue = list(found)
    for operation in queue:  # grows while it is gone through
        if operation in stop:
            continue
        sources = [each.op for each in operation.inputs]
        sources += operation.control_inputs if checks else []
        new = [each for each in dict.fromkeys(sources) if each not in found]
        found.update(dict.fromkeys(new))
        queue += new
    return queue


def _part(
    definition: Any,
    start: Any,
    ends: Sequence[Any],
    shape: Sequence[int | None],
    *,
    checks: bool = False,
) -> Part:
    """Return the operations between, with a placeholder of that shape in the place of start."""
    names = {each.name for each in _before(ends, stop=(start.op,), checks=checks)}
    names.discard(start.op.name)
    graph = tf.compat.v1.GraphDef(versions=definition.versions, library=definition.library)
    for node in definition.node:
        if node.name in names:
            kept = graph.node.add()
            kept.CopyFrom(node)
            if not checks:
                kept.ClearField("input")
                kept.input.extend(each for each in node.input if not each.startswith("^"))
    placeholder = graph.node.add(name=start.op.name, op="Placeholder")
    placeholder.attr["dtype"].type = start.dtype.as_datatype_enum
    placeholder.attr["shape"].shape.CopyFrom(tf.TensorShape(shape).as_proto())
    return Part(graph=graph, start=f"{start.op.name}:0", ends=[each.name for each in ends])
