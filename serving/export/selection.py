"""The part of a graph that leads from some tensors to others: the model, without its training."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from serving.errors import ServingError
from serving.export.graph import PLACEHOLDERS, tensor
from serving.export.publish import ExportError
from serving.platforms.placement import release
from serving.platforms.tensorflow import import_tensorflow
from serving.protocol.json_tensor import to_array

_TABLES = ("InitializeTable", "LookupTableImport")  # operations that fill a table


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is to be a model's signature."""

    inputs: Mapping[str, str]  # names of the signature -> names of tensors
    outputs: Mapping[str, str]
    fixed: Mapping[str, str]  # placeholders -> what they always are, as JSON


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A graph that needs nothing but its inputs."""

    graph: Any  # GraphDef
    inputs: Mapping[str, str]  # as above; an input from within has a placeholder of its own now
    outputs: Mapping[str, str]
    tables: list[str]  # names of the operations that fill its tables


def select(graph: Any, selection: Selection) -> Model:
    """Return that part of a tf.Graph; raise ExportError where it needs more than the inputs."""
    inputs = {name: tensor(graph, each) for name, each in selection.inputs.items()}
    outputs = {name: tensor(graph, each) for name, each in selection.outputs.items()}
    if not inputs or not outputs:
        raise ExportError(
            "which tensors go in and come out? Give --feed NAME=TENSOR and --fetch NAME=TENSOR; "
            "python -m serving inspect lists what there is"
        )
    _check_once("--feed", inputs)
    definition = graph.as_graph_def()
    for name, value in selection.fixed.items():
        _fix(definition, tensor(graph, name), value)
    fed = {name: _cut(definition, each) for name, each in inputs.items()}
    ends = [each.op.name for each in outputs.values()]
    needed = names(extract(definition, ends))
    _check(definition, needed, fed)
    tables = [each.name for each in definition.node if _fills(each, needed)]
    return Model(
        graph=extract(definition, ends + tables),
        inputs=fed,
        outputs={name: each.name for name, each in outputs.items()},
        tables=tables,
    )


def extract(definition: Any, ends: list[str]) -> Any:
    """Return what these operations need, on whatever device there will be."""
    found = import_tensorflow().compat.v1.graph_util.extract_sub_graph(definition, ends)
    release(found)
    for node in found.node:
        node.attr.pop("_class", None)  # may name a neighbour that is not needed
    return found


def names(definition: Any) -> set[str]:
    """Return the names of a GraphDef's operations."""
    return {each.name for each in definition.node}


def _check_once(flag: str, tensors: Mapping[str, Any]) -> None:
    named = [each.name for each in tensors.values()]
    if twice := {each for each in named if named.count(each) > 1}:
        raise ExportError(f"{flag}: the tensor {twice.pop()} is there under two names")


def _fix(definition: Any, placeholder: Any, text: str) -> None:
    """Put a constant into the place of a placeholder."""
    tf = import_tensorflow()
    from tensorflow.core.framework import types_pb2

    node = next(each for each in definition.node if each.name == placeholder.op.name)
    if not node.op.startswith("Placeholder"):
        raise ExportError(f"{placeholder.name} is no placeholder, but {node.op}: it is computed")
    dtype = types_pb2.DataType.Name(placeholder.dtype.as_datatype_enum)
    try:
        value = to_array(json.loads(text), dtype)
        placeholder.shape.assert_is_compatible_with(value.shape)
    except (ValueError, ServingError) as error:
        raise ExportError(
            f"{placeholder.name} cannot be {text!r}; expected {dtype} as JSON, such as 1.0, true "
            f"or [1, 2]: {error}"
        ) from None
    name = node.name
    node.Clear()
    node.name, node.op = name, "Const"
    node.attr["dtype"].type = placeholder.dtype.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value, placeholder.dtype))


def _cut(definition: Any, start: Any) -> str:
    """Have what computes with a tensor take a placeholder; return the name of what is fed."""
    if start.op.type.startswith("Placeholder"):
        return str(start.name)
    fed = f"{start.op.name}/fed_{start.value_index}"
    old = {start.name, start.op.name} if start.value_index == 0 else {start.name}
    for node in definition.node:
        for number, each in enumerate(node.input):
            if each in old:
                node.input[number] = fed
    node = definition.node.add(name=fed, op="Placeholder")
    node.attr["dtype"].type = start.dtype.base_dtype.as_datatype_enum
    node.attr["shape"].shape.CopyFrom(start.shape.as_proto())
    return f"{fed}:0"


def _check(definition: Any, needed: set[str], fed: Mapping[str, str]) -> None:
    operations = {name: each.partition(":")[0] for name, each in fed.items()}
    if idle := [name for name, each in operations.items() if each not in needed]:
        raise ExportError(f"no output depends on the input {', '.join(idle)}: leave it off")
    missing = [
        each.name
        for each in definition.node
        if each.op in PLACEHOLDERS and each.name in needed and each.name not in operations.values()
    ]
    if missing:
        first = missing[0]
        raise ExportError(
            f"the outputs also need {', '.join(missing)}: give --feed {first}={first}:0, or, where "
            f"it is always the same when the model is served, --fix {first}=VALUE"
        )


def _fills(node: Any, needed: set[str]) -> bool:
    return node.op.startswith(_TABLES) and node.input[0].partition(":")[0] in needed
