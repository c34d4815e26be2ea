"""One JSON value, a number or nested lists, to one array by TensorFlow Serving's rules.

Rules and error texts: tensorflow_serving/util/json_tensor.cc, cited as jt:LINE or by function.
Declared shapes are not checked, as there: the shape is the one of the JSON.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from serving.errors import InvalidArgument, Unimplemented
from serving.protocol.signature import NUMPY_TYPES

Array = npt.NDArray[Any]

DEEPEST = 64  # dimensions of a numpy array; TensorFlow itself stops at 254
_SHOWN = 40  # characters of a wrong value that an error repeats


def to_array(value: Any, dtype: str) -> Array:
    """Return the value as an array of that type; raise InvalidArgument or Unimplemented."""
    flat, shape = _flatten(value)
    kind = NUMPY_TYPES.get(dtype)
    if kind is None:  # AddValueToTensor
        first = show(flat[0] if flat else value)
        raise Unimplemented(f"Conversion of JSON Value: {first} to type: {_label(dtype)}")
    if kind is np.object_:
        array = np.empty(len(flat), dtype=np.object_)
        array[:] = [_to_bytes(item) for item in flat]
        return array.reshape(shape)
    _check_types(flat, kind, dtype)
    try:
        with np.errstate(over="ignore"):  # a double too large for a float is infinity
            return np.array(flat, dtype=kind).reshape(shape)
    except OverflowError:
        raise InvalidArgument(f"JSON Value is out of range for type: {_label(dtype)}") from None


def _flatten(value: Any) -> tuple[list[Any], tuple[int, ...]]:
    """Return the scalars of nested lists in order, and their shape; raise where it is ragged."""
    shape, flat = _shape(value), [value]
    for level, size in enumerate(shape):
        for item in flat:
            _check_list(item, level, shape)
            if len(item) != size:
                raise InvalidArgument(
                    f"Encountered list at unexpected size: {len(item)} at level: {level} "
                    f"expected size: {size}"
                )
        flat = list(itertools.chain.from_iterable(flat))
    if list in set(map(type, flat)):
        rank = len(shape)
        raise InvalidArgument(f"Encountered list at unexpected level: {rank} expected < {rank}")
    return flat, shape


def _shape(value: Any) -> tuple[int, ...]:
    """Return the sizes along the first items, which all the others have to match."""
    shape: list[int] = []
    while isinstance(value, list):
        shape.append(len(value))
        value = value[0] if value else None
    if len(shape) > DEEPEST:
        raise InvalidArgument(
            f"JSON Value is nested {len(shape)} levels deep; expected at most {DEEPEST}"
        )
    return tuple(shape)


def _check_list(item: Any, level: int, shape: tuple[int, ...]) -> None:
    if not isinstance(item, list):
        raise InvalidArgument(
            f"JSON Value: {show(item)} found at incorrect level: {level + 1} in the JSON DOM. "
            f"Expected at level: {len(shape)}"
        )


def _to_bytes(item: Any) -> bytes:
    if isinstance(item, str):
        return item.encode()
    if not is_b64(item):
        raise _wrong_type(item, "string")
    text = item["b64"]
    try:  # standard alphabet only; the padding may be left off
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidArgument("Unable to base64 decode") from None


def is_b64(value: Any) -> bool:
    """True for {"b64": "…"} with that one key, which is a string of bytes and no object."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def _check_types(flat: Sequence[Any], kind: type[np.generic], dtype: str) -> None:
    allowed = _allowed(kind)
    if set(map(type, flat)) <= allowed:  # one pass in C: bodies may hold a million numbers
        return
    raise _wrong_type(next(item for item in flat if type(item) not in allowed), _label(dtype))


def _allowed(kind: type[np.generic]) -> set[type]:
    if kind is np.bool_:
        return {bool}
    return {int, float} if issubclass(kind, np.floating) else {int}


def _wrong_type(item: Any, label: str) -> InvalidArgument:  # jt:262
    return InvalidArgument(
        f"JSON Value: {show(item)} Type: {_json_type(item)} is not of expected type: {label}"
    )


def show(item: Any) -> str:
    """Return the beginning of the value as JSON, for an error."""
    try:
        text = json.dumps(item)
    except RecursionError:  # what could just be read may be too deep to be written
        return "…"
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _json_type(item: Any) -> str:
    if item is None:
        return "Null"
    names: dict[type, str] = {
        bool: "Boolean",
        int: "Number",
        float: "Number",
        str: "String",
        dict: "Object",
    }
    return names[type(item)]


def _label(dtype: str) -> str:
    return dtype.removeprefix("DT_").lower()
