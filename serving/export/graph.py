"""Graphs of TensorFlow 1 in files, and the tensors in them by their names."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from google.protobuf.message import DecodeError

from serving.export.publish import ExportError
from serving.platforms.tensorflow import import_tensorflow

PLACEHOLDERS = {"Placeholder", "PlaceholderV2"}
VARIABLES = {"Variable", "VariableV2", "VarHandleOp"}
_SHOWN = 5  # names that are near one that is not there
_TRAINING = ("gradients", "save", "report_uninitialized_variables", "init")  # scopes


def read(path: Path) -> Any:
    """Return the GraphDef of a .pb or .pbtxt file; raise ExportError."""
    return _parse(path, import_tensorflow().compat.v1.GraphDef(), "a graph (GraphDef)")


def read_meta(path: Path) -> Any:
    """Return the MetaGraphDef of a Saver's .meta file; raise ExportError."""
    return _parse(path, import_tensorflow().compat.v1.MetaGraphDef(), "a graph (MetaGraphDef)")


def _parse(path: Path, message: Any, what: str) -> Any:
    content = path.read_bytes()
    try:
        if path.suffix == ".pbtxt":
            text_format.Parse(content.decode(), message)
        else:
            message.ParseFromString(content)
    except (DecodeError, UnicodeDecodeError, text_format.ParseError):
        raise ExportError(f"{path} is not {what}, or is damaged") from None
    definition = getattr(message, "graph_def", message)
    if not definition.node:
        raise ExportError(f"{path} is not {what}: there is not one operation in it")
    return message


def load(definition: Any, path: Path) -> Any:
    """Return a tf.Graph of the definition; raise ExportError where that cannot be."""
    tf = import_tensorflow()
    graph = tf.Graph()
    try:
        with graph.as_default():
            tf.graph_util.import_graph_def(definition, name="")
    except (ValueError, KeyError, TypeError, tf.errors.OpError) as error:
        raise ExportError(f"{path}: not a graph that this TensorFlow runs: {error}") from None
    return graph


def tensor(graph: Any, name: str) -> Any:
    """Return a tensor by its name, such as x:0, or x for the same; raise ExportError."""
    full = name if ":" in name else f"{name}:0"
    try:
        return graph.get_tensor_by_name(full)
    except (KeyError, ValueError):
        pass  # told below
    plain = [each.name.removesuffix(":0") for each in (*placeholders(graph), *computed(graph))]
    wanted = full.removesuffix(":0")
    near = [each for each in plain if each.rpartition("/")[2] == wanted][:_SHOWN]
    near = near or difflib.get_close_matches(wanted, plain, _SHOWN, 0.5)
    hint = f"near it: {', '.join(near)}" if near else "python -m serving inspect lists some"
    raise ExportError(f"there is no tensor {name!r}; {hint}")


def placeholders(graph: Any) -> list[Any]:
    """Return the tensors that have to be fed."""
    return [each.outputs[0] for each in graph.get_operations() if each.type in PLACEHOLDERS]


def computed(graph: Any) -> list[Any]:
    """Return the tensors that come of placeholders, without training's, in the graph's order."""
    return [each for operation in _after(graph) for each in operation.outputs]


def _after(graph: Any) -> Iterator[Any]:
    found = {each.op for each in placeholders(graph)}
    for operation in graph.get_operations():
        scope = operation.name.partition("/")[0].partition("_")[0]
        if scope not in _TRAINING and any(each.op in found for each in operation.inputs):
            found.add(operation)
            yield operation
