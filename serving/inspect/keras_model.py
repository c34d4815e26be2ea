"""A Keras model: its inputs, its outputs and its layers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from serving.export.keras_model import load
from serving.inspect.table import table


def lines(path: Path) -> Iterator[str]:
    """Give what there is to say of a .keras or .h5 file; raise ExportError."""
    model = load(path)
    yield f"{len(model.layers)} layers, {model.count_params():,} parameters"
    yield from table(
        (what, each.name, _type(each))
        for what, tensors in (("input", model.inputs), ("output", model.outputs))
        for each in tensors or ()
    )


def _type(tensor: Any) -> str:
    sizes = ("?" if size is None else str(size) for size in tensor.shape)
    return f"{tensor.dtype}[{', '.join(sizes)}]"
