"""A graph of TensorFlow 1, with weights beside it or in it: what may become inputs and outputs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from serving.export import graph
from serving.export.graph_model import meta_path, variables
from serving.export.source import Kind, Source
from serving.inspect.table import table
from serving.platforms.tensorflow import import_tensorflow

_SHOWN = 20  # tensors, and variables, unless all are asked for


def lines(source: Source, *, everything: bool) -> Iterator[str]:
    """Give what there is to say of a checkpoint or a graph; raise ExportError."""
    shown = sys.maxsize if everything else _SHOWN
    if source.kind is Kind.SAVER:
        weights = variables(source.path)
        definition = graph.read_meta(meta_path(source.path)).graph_def
        yield from _tensors(graph.load(definition, source.path), shown)
        yield f"variables: {len(weights)}"
        rows = [(name, f"[{', '.join(map(str, shape))}]") for name, shape in weights]
        yield from table(rows[:shown])
        if len(rows) > shown:
            yield f"  and {len(rows) - shown} more (--all)"
    else:
        yield from _tensors(graph.load(graph.read(source.path), source.path), shown)


def _tensors(found: Any, shown: int) -> Iterator[str]:
    yield "placeholders, to be inputs (--feed) or to be fixed (--fix):"
    yield from table(_row(each) for each in graph.placeholders(found))
    computed = graph.computed(found)
    many = f", the last {shown} of {len(computed)} (--all)" if len(computed) > shown else ""
    yield f"computed from them, to be outputs (--fetch){many}:"
    yield from table(_row(each) for each in computed[-shown:])


def _row(tensor: Any) -> tuple[str, str, str]:
    rank = tensor.shape.rank
    sizes = ["..."] if rank is None else ["?" if n is None else str(n) for n in tensor.shape]
    name = import_tensorflow().dtypes.as_dtype(tensor.dtype).base_dtype.name
    return tensor.name, f"{name}[{', '.join(sizes)}]", tensor.op.type
