"""Rows of requests into one batch and out of it again: along dimension 0 of every array.

Rules and their texts: tensorflow_serving/batching/batching_session.cc, cited by function.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from serving.errors import InvalidArgument
from serving.protocol.json_tensor import Array

Arrays = Mapping[str, Array]


def count(arrays: Arrays) -> int:
    """Return how many rows a request has; raise InvalidArgument: ComputeInputSize."""
    if any(array.ndim == 0 for array in arrays.values()):
        raise InvalidArgument("Batching Run() input tensors must have at least one dimension")
    sizes = {len(array) for array in arrays.values()}
    if len(sizes) != 1:
        raise InvalidArgument("Batching Run() input tensors must have equal 0th-dimension size")
    return sizes.pop()


def merge(requests: Sequence[Arrays], size: int) -> dict[str, Array]:
    """Return the rows of all requests, the last one repeated up to size: MergeInputTensors.

    Rows of different shapes are filled up with zeros, or empty strings, to the largest.
    """
    return {name: _merge([each[name] for each in requests], size) for name in requests[0]}


def _merge(arrays: Sequence[Array], size: int) -> Array:
    shape = tuple(max(sizes) for sizes in zip(*(each.shape[1:] for each in arrays), strict=True))
    parts = [_filled_up(each, shape) for each in arrays]
    missing = size - sum(map(len, parts))
    if len(parts) == 1 and not missing:
        return parts[0]
    parts.append(np.repeat(parts[-1][-1:], missing, axis=0))
    return np.concatenate(parts)


def _filled_up(array: Array, shape: tuple[int, ...]) -> Array:
    """Return the rows with this shape each: AddPadding in batching_util.cc."""
    if array.shape[1:] == shape:
        return array
    nothing = b"" if array.dtype == np.object_ else 0
    filled = np.full((len(array), *shape), nothing, array.dtype)
    filled[tuple(slice(each) for each in array.shape)] = array
    return filled


def without_rows(outputs: Arrays, size: int) -> list[str]:
    """Return the names of outputs that have not one row for each row of the batch."""
    return [name for name, array in outputs.items() if array.shape[:1] != (size,)]


def split(outputs: Arrays, counts: Sequence[int]) -> list[dict[str, Array]]:
    """Return each request's rows of the outputs; rows that were added stay behind."""
    ends = np.cumsum(counts).tolist()
    # Copies: a small answer would keep the whole batch in memory.
    return [
        {name: array[end - rows : end].copy() for name, array in outputs.items()}
        for rows, end in zip(counts, ends, strict=True)
    ]


def pieces(inputs: Arrays, size: int) -> list[dict[str, Array]]:
    """Return a request in parts of so many rows at most: SplitInputTask."""
    return [
        {name: array[begin : begin + size] for name, array in inputs.items()}
        for begin in range(0, count(inputs), size)
    ]


def join(parts: Sequence[Arrays]) -> dict[str, Array]:
    """Return the outputs of a request's parts as one."""
    if len(parts) == 1:
        return dict(parts[0])
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
