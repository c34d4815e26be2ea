"""Tensors on the wire and numpy arrays.

Rules: FromProto, AsProtoField and AsProtoTensorContent in tensorflow/core/framework/tensor.cc.
Strings are object arrays of bytes; quantized numbers are structures of one field, as TensorFlow's
Python has them. Resources have no form here.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt

from serving.protocol import string_list
from serving.protocol.string_list import TensorError
from serving.protocol.tensor_pb2 import DataType, TensorProto

Array = npt.NDArray[Any]

LARGEST = 2**28  # bytes of a tensor that comes as fewer values than it has: a few could ask for all
_NOTHING = {"O": b""}  # by numpy's kind of type; 0 otherwise
_DEEPEST = 64  # dimensions of a numpy array; TensorFlow itself stops at 254

# The numpy type, and the field that holds the values where tensor_content does not.
_TYPES: dict[str, tuple[str, str]] = {
    "DT_FLOAT": ("float32", "float_val"),
    "DT_DOUBLE": ("float64", "double_val"),
    "DT_INT32": ("int32", "int_val"),
    "DT_UINT8": ("uint8", "int_val"),
    "DT_INT16": ("int16", "int_val"),
    "DT_INT8": ("int8", "int_val"),
    "DT_STRING": ("object", "string_val"),
    "DT_COMPLEX64": ("complex64", "scomplex_val"),
    "DT_INT64": ("int64", "int64_val"),
    "DT_BOOL": ("bool", "bool_val"),
    "DT_BFLOAT16": ("bfloat16", "half_val"),
    "DT_UINT16": ("uint16", "int_val"),
    "DT_COMPLEX128": ("complex128", "dcomplex_val"),
    "DT_HALF": ("float16", "half_val"),
    "DT_UINT32": ("uint32", "uint32_val"),
    "DT_UINT64": ("uint64", "uint64_val"),
    "DT_QINT8": ("qint8", "int_val"),
    "DT_QUINT8": ("quint8", "int_val"),
    "DT_QINT16": ("qint16", "int_val"),
    "DT_QUINT16": ("quint16", "int_val"),
    "DT_QINT32": ("qint32", "int_val"),
}
_NAMES = {kind: name for name, (kind, _) in _TYPES.items()}

# The values of a field as they come, before they are of the tensor's type.
_CARRIERS = {
    "float_val": np.float32,
    "double_val": np.float64,
    "int_val": np.int32,
    "scomplex_val": np.float32,
    "int64_val": np.int64,
    "bool_val": np.bool_,
    "half_val": np.int32,
    "dcomplex_val": np.float64,
    "uint32_val": np.uint32,
    "uint64_val": np.uint64,
}


def dtype_name(array: Array) -> str:
    """Return TensorFlow's name of the array's type, such as "DT_FLOAT"; raise TensorError."""
    kind = array.dtype.names[0] if array.dtype.names else array.dtype.name
    if kind not in _NAMES:
        raise TensorError(f"TensorFlow has no type for {kind}")
    return _NAMES[kind]


def _numpy_type(name: str) -> np.dtype[Any]:
    if name == "bfloat16":
        import ml_dtypes  # comes with TensorFlow, and numpy has none

        name = ml_dtypes.bfloat16
    else:
        name = name.removeprefix("q")
    kind: np.dtype[Any] = np.dtype(name)
    return kind


def to_array(proto: TensorProto) -> Array:
    """Return the tensor; raise TensorError."""
    name = DataType.Name(proto.dtype) if proto.dtype in DataType.values() else str(proto.dtype)
    if name not in _TYPES:
        raise TensorError(f"this server has no tensors of type {name}")
    kind, field = _TYPES[name]
    shape = _shape(proto)
    if kind == "object":
        return _strings(proto, shape)
    number = _numpy_type(kind)
    if proto.tensor_content:
        array = _from_content(proto.tensor_content, number, shape)
    else:
        array = _fill(_from_values(getattr(proto, field), field, number), shape, number)
    return array.view([(kind, number)]) if kind.startswith("q") else array


def _shape(proto: TensorProto) -> tuple[int, ...]:
    shape = tuple(dim.size for dim in proto.tensor_shape.dim)
    if proto.tensor_shape.unknown_rank or any(size < 0 for size in shape):
        raise TensorError("the shape of a tensor must be known")
    if len(shape) > _DEEPEST:
        raise TensorError(f"{len(shape)} dimensions; expected at most {_DEEPEST}")
    return shape


def _from_content(content: bytes, kind: np.dtype[Any], shape: tuple[int, ...]) -> Array:
    if len(content) != math.prod(shape) * kind.itemsize:
        raise TensorError(f"{len(content)} bytes for a shape of {shape}")
    return np.frombuffer(content, kind).reshape(shape)


def _from_values(values: Collection[Any], field: str, kind: np.dtype[Any]) -> Array:
    found: Array = np.fromiter(values, _CARRIERS[field], len(values))
    if field == "half_val":
        return found.astype(np.uint16).view(kind)
    if kind.kind == "c":
        return found[: len(found) // 2 * 2].view(kind)
    return found.astype(kind, copy=False)


def _fill(values: Array, shape: tuple[int, ...], kind: np.dtype[Any]) -> Array:
    """Return the values in that shape; of too few the last goes on, or 0 if there is none."""
    count = math.prod(shape)
    if count <= len(values):
        return values[:count].reshape(shape)
    if count * kind.itemsize > LARGEST:
        raise TensorError(f"a shape of {shape} out of {len(values)} values")
    filled = np.full(count, values[-1] if len(values) else _NOTHING.get(kind.kind, 0), kind)
    filled[: len(values)] = values
    return filled.reshape(shape)


def _strings(proto: TensorProto, shape: tuple[int, ...]) -> Array:
    content = proto.tensor_content
    strings = string_list.decode(content, math.prod(shape)) if content else proto.string_val
    values = np.empty(len(strings), np.object_)
    values[:] = list(strings)
    return _fill(values, shape, values.dtype)


def to_proto(array: Array, *, content: bool = False) -> TensorProto:
    """Return the array with its values in the field of its type, or in tensor_content.

    Raise TensorError where TensorFlow has no such type.
    """
    name = dtype_name(array)
    proto = TensorProto(dtype=name)
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    if array.dtype.names:
        array = array[array.dtype.names[0]]
    if content:
        proto.tensor_content = _content(array)
    else:
        _add(proto, _TYPES[name][1], array.ravel())
    return proto


def _add(proto: TensorProto, field: str, flat: Array) -> None:
    """Put the values into the field; floats as the bytes that they are on the wire, too."""
    if _CARRIERS.get(field) not in {np.float32, np.float64}:
        getattr(proto, field).extend(_values(flat))
        return
    tag = TensorProto.DESCRIPTOR.fields_by_name[field].number << 3 | 2  # length-delimited
    little = flat.astype(flat.dtype.newbyteorder("<"), copy=False)
    proto.MergeFromString(bytes([tag]) + string_list.varint(flat.nbytes) + little.tobytes())


def _content(array: Array) -> bytes:
    if array.dtype != np.object_:
        return array.tobytes()
    return string_list.encode(_values(array.ravel()))


def _values(flat: Array) -> list[Any]:
    if flat.dtype == np.object_:
        return [each.encode() if isinstance(each, str) else each for each in flat.tolist()]
    if flat.dtype.name in {"float16", "bfloat16"}:
        flat = flat.view(np.uint16)
    return list(flat.tolist())
