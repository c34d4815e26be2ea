"""Types of tensors: TensorFlow's names for those of arrays, and what a request's must be."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from serving.errors import InvalidArgument
from serving.protocol import tensor
from serving.protocol.json_tensor import Array
from serving.protocol.signature import Signature, TensorInfo

PREDICT = "tensorflow/serving/predict"  # the method of every signature that is made here


def info(name: str, array: Array) -> TensorInfo:
    """Return what to say of a tensor of any number of rows that are like the array's."""
    return TensorInfo(name=name, dtype=tensor.dtype_name(array), shape=(-1, *array.shape[1:]))


def dtype(kind: npt.DTypeLike) -> str:
    """Return TensorFlow's name of a numpy type, such as "DT_FLOAT"; raise TensorError."""
    return tensor.dtype_name(np.empty(0, kind))


def check(signature: Signature, inputs: Mapping[str, Array]) -> None:
    """Raise InvalidArgument where an input is of another type than the signature says."""
    for name, each in signature.inputs.items():
        check_type(name, inputs[name], each)


def check_type(name: str, array: Array, info: TensorInfo) -> None:
    """Raise InvalidArgument where an array is of another type than the input of that name."""
    found = tensor.dtype_name(array)
    if found != info.dtype:
        raise InvalidArgument(f"input {name}: expected {info.dtype}, found {found}")


def check_shapes(signature: Signature, inputs: Mapping[str, Array]) -> None:
    """Raise InvalidArgument where an input is not of the shape that the signature says."""
    for name, each in signature.inputs.items():
        found = inputs[name].shape
        if each.shape is None:
            continue
        fits = len(found) == len(each.shape) and all(
            wanted in {-1, size} for wanted, size in zip(each.shape, found, strict=True)
        )
        if not fits:
            raise InvalidArgument(
                f"input {name}: expected shape {list(each.shape)}, found {list(found)}"
            )


def numbers(name: str, array: Array) -> Array:
    """Return an array of numbers; raise InvalidArgument for anything else."""
    if array.dtype.kind not in "biuf":
        raise InvalidArgument(f"input {name}: expected numbers, found {tensor.dtype_name(array)}")
    return array
