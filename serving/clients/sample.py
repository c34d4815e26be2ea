"""Values that a model takes: of the type and the shape that its metadata declares."""

from __future__ import annotations

import base64
import dataclasses
import math
import re
from typing import Any

import numpy as np

from serving.protocol.signature import NUMPY_TYPES, TensorInfo

_LARGEST = 2**22  # values of one input; a server's metadata could ask for any number
_WRITTEN = 12  # values that are written out; more are filled in by the program
_PICTURE = re.compile(r"(^|_)(image|img|picture|photo|jpe?g|png)|_bytes$|(^|_)b64$")
_NO_PICTURE = re.compile(r"_(url|uri|path|name|id|text|label)s?$")
_EXAMPLES = re.compile(r"^(tf_)?examples?$|^serialized")  # tf.Examples; an empty one is empty text

# 32 x 32 grey pixels, small enough to stand in a document.
GREY_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAAAAABWESUoAAAAGElEQVR42mNsYMAPmBhGFYwqGFUwQhUAAJe+AMD8"
    "WknZAAAAAElFTkSuQmCC"
)


class ClientError(Exception):
    """No client can be written for the model; the text says why, and what to do."""


@dataclasses.dataclass(frozen=True, slots=True)
class Picture:
    """The file that the program is given as its argument of that number, from 0."""

    number: int


@dataclasses.dataclass(frozen=True, slots=True)
class Filled:
    """A tensor of one value, too large to be written out."""

    value: Any
    sizes: tuple[int, ...]


def is_picture(name: str, info: TensorInfo) -> bool:
    """Return whether an input takes the bytes of picture files, as far as its name says."""
    lower = name.lower()
    named = _PICTURE.search(lower) and not _NO_PICTURE.search(lower)
    return info.dtype == "DT_STRING" and bool(named)


def tensor(name: str, info: TensorInfo, leaf: Any) -> Any:
    """Return nested lists of the leaf in the input's shape, or Filled; raise ClientError."""
    # One where any size will do, and one dimension where any number of them will.
    sizes = (1,) if info.shape is None else tuple(1 if size < 0 else size for size in info.shape)
    count = math.prod(sizes)
    if count > _LARGEST:
        raise ClientError(f"input {name!r} has a shape of {sizes}: too large for JSON; use gRPC")
    return Filled(leaf, sizes) if count > _WRITTEN else expand(leaf, sizes)


def leaf(name: str, info: TensorInfo) -> Any:
    """Return one value of the input's type; raise ClientError where JSON has none."""
    kind = NUMPY_TYPES.get(info.dtype)
    if kind is None:
        raise ClientError(
            f"input {name!r} is of {info.dtype}, which TensorFlow Serving takes by gRPC only; "
            f"expected one of {', '.join(NUMPY_TYPES)}"
        )
    if kind is np.object_:
        return "" if _EXAMPLES.search(name.lower()) else "text"
    return kind(1).item()  # 1.0, 1 or True


def expand(value: Any, sizes: tuple[int, ...]) -> Any:
    """Return lists in lists of those sizes, with the value inside."""
    for size in reversed(sizes):
        value = [value] * size
    return value
