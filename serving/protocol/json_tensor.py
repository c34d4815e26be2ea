"""One JSON value, a number or nested lists, to one array by TensorFlow Serving's rules.

Rules and error texts: tensorflow_serving/util/json_tensor.cc, cited as jt:LINE or by function.
Declared shapes are not checked, as there: the shape is the one of the JSON.
"""

from __future__ import annotations

import base64
import binascii
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from serving.errors import InvalidArgument, Unimplemented
from serving.protocol.json_parse import format_error, json_type, show, too_big
from serving.protocol.signature import NUMPY_TYPES

Array = npt.NDArray[Any]

DEEPEST = 64  # dimensions of a numpy array; TensorFlow itself stops at 254


def to_array(value: Any, dtype: str) -> Array:
    """Return the value as an array of that type; raise InvalidArgument or Unimplemented."""
    flat, shape, types = _flatten(value)
    kind = NUMPY_TYPES.get(dtype)
    if kind is None:  # AddValueToTensor
        first = show(flat[0] if flat else value)
        raise Unimplemented(f"Conversion of JSON Value: {first} to type: {_label(dtype)}")
    if kind is np.object_:
        array = np.empty(len(flat), dtype=np.object_)
        array[:] = [_to_bytes(item) for item in flat]
        return array.reshape(shape)
    if not _fit(flat, types, kind):
        wrong = (item for item in flat if not _fit([item], {type(item)}, kind))
        raise _wrong_type(next(wrong), _label(dtype))
    if issubclass(kind, np.floating):
        return _floats(flat, kind).reshape(shape)
    return np.array(flat, dtype=kind).reshape(shape)


def _flatten(value: Any) -> tuple[list[Any], tuple[int, ...], set[type]]:
    """Return the scalars of nested lists in order, their shape and types; raise where ragged."""
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
    types = set(map(type, flat))
    if list in types:
        rank = len(shape)
        raise InvalidArgument(f"Encountered list at unexpected level: {rank} expected < {rank}")
    return flat, shape, types


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
    if isinstance(item, dict):
        return decode_b64(item)
    raise _wrong_type(item, "string")


def is_b64(value: Any) -> bool:
    """True for {"b64": "…"} with that one key, which is a string of bytes and no object."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def decode_b64(value: dict[str, Any]) -> bytes:
    """Return the bytes of {"b64": "…"}; raise InvalidArgument: JsonDecodeBase64Object."""
    if not is_b64(value):
        raise format_error(value, "not formatted correctly for base64 data")
    text = value["b64"]
    try:  # standard alphabet only; the padding may be left off
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidArgument("Unable to base64 decode") from None


def _fit(flat: Sequence[Any], types: set[type], kind: type[np.generic]) -> bool:
    """Return whether the type takes all these values; all at once, there may be a million."""
    if kind is np.bool_:
        return types <= {bool}
    if issubclass(kind, np.floating):
        return types <= {int, float}
    limits = np.iinfo(kind)  # type: ignore[type-var]  # an integer's, here
    return not flat or (types == {int} and limits.min <= min(flat) and max(flat) <= limits.max)


def _floats(flat: Sequence[Any], kind: type[np.generic]) -> Array:
    """Return the numbers as floats, the nearest there are: GetDouble and GetFloat of RapidJSON."""
    try:
        wide = np.fromiter(flat, np.float64, len(flat))
    except OverflowError:
        raise too_big() from None
    with np.errstate(over="ignore"):  # to infinity, as a cast in C
        return wide.astype(kind)


def _wrong_type(item: Any, label: str) -> InvalidArgument:  # jt:262
    return format_error(item, f"Type: {json_type(item)} is not of expected type: {label}")


def _label(dtype: str) -> str:
    return dtype.removeprefix("DT_").lower()
