"""The answer to a predict request: arrays in, JSON out, number for number as TensorFlow Serving's.

Rules and error texts: tensorflow_serving/util/json_tensor.cc, cited by function.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence

import numpy as np
import orjson

from serving.errors import InvalidArgument
from serving.protocol.json_tensor import Array

_DIGITS = {"float32": 9, "float64": 17}  # std::numeric_limits<…>::max_digits10
_NAMES = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def format_answer(outputs: Mapping[str, Array], *, row: bool) -> bytes:
    """Return {"predictions": …} for rows, {"outputs": …} for columns; raise InvalidArgument."""
    if row:
        return f'{{"predictions":[{",".join(_rows(outputs))}]}}'.encode()
    values = {name: _nest(array, _elements(name, array), 0)[0] for name, array in outputs.items()}
    value = next(iter(values.values())) if len(values) == 1 else _object(values)
    return f'{{"outputs":{value}}}'.encode()


def _rows(outputs: Mapping[str, Array]) -> list[str]:
    """Return the JSON of each row: of MakeRowFormatJsonFromTensors."""
    _check_batch(outputs)
    columns = {name: _nest(array, _elements(name, array), 1) for name, array in outputs.items()}
    if len(columns) == 1:
        return next(iter(columns.values()))
    rows = zip(*columns.values(), strict=True)
    return [_object(dict(zip(columns, row, strict=True))) for row in rows]


def _check_batch(outputs: Mapping[str, Array]) -> None:
    expected: int | None = None
    for name, array in outputs.items():
        if array.ndim == 0:
            raise InvalidArgument(f"Tensor name: {name} has no shape information")
        size = array.shape[0]
        if expected not in {None, size}:
            raise InvalidArgument(
                f"Tensor name: {name} has inconsistent batch size: {size} expecting: {expected}"
            )
        expected = size


def _object(values: Mapping[str, str]) -> str:
    return "{" + ",".join(f"{_quote(name)}:{value}" for name, value in values.items()) + "}"


def _nest(array: Array, elements: Sequence[str], kept: int) -> list[str]:
    """Return the elements, joined to lists along all axes but the first kept ones."""
    texts = list(elements)
    for axis in range(array.ndim - 1, kept - 1, -1):
        size, count = array.shape[axis], math.prod(array.shape[:axis])
        texts = [f"[{','.join(texts[i * size : (i + 1) * size])}]" for i in range(count)]
    return texts


def _elements(name: str, array: Array) -> list[str]:
    """Return the JSON of each number or string of the array, in order."""
    if array.dtype.name in _DIGITS:
        return _decimals(array.ravel())
    values = array.ravel().tolist()
    if array.dtype.kind in "iu":
        return list(map(str, values))
    if array.dtype == np.bool_:
        return ["true" if value else "false" for value in values]
    if array.dtype == np.object_:
        return list(map(_base64 if name.endswith("_bytes") else _text, values))
    dtype = "half" if array.dtype == np.float16 else array.dtype.name
    raise InvalidArgument(f"Failed to write JSON value for tensor type: {dtype}")


def _decimals(numbers: Array) -> list[str]:
    """Return six digits where they read back as the same number, else all: WriteDecimal."""
    values = numbers.tolist()
    short = [f"{value:g}" for value in values]
    same = np.array(list(map(float, short)), dtype=numbers.dtype) == numbers
    digits = _DIGITS[numbers.dtype.name]
    return [
        _decimal(text if enough else f"{value:.{digits}g}")
        for value, text, enough in zip(values, short, same.tolist(), strict=True)
    ]


def _decimal(text: str) -> str:
    if "." in text or "e" in text:
        return text
    return _NAMES.get(text) or text + ".0"


def _text(item: bytes) -> str:
    return _quote(item.decode("utf-8", "replace"))


def _base64(item: bytes) -> str:
    return f'{{"b64":"{base64.b64encode(item).decode()}"}}'


def _quote(text: str) -> str:
    return orjson.dumps(text).decode()
