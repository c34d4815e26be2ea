"""Strings: str in the frameworks, bytes in UTF-8 in the protocol, either in arrays of objects."""

from __future__ import annotations

import numpy as np

from serving.errors import InvalidArgument
from serving.protocol.json_tensor import Array


def to_text(array: Array) -> Array:
    """Return an array of bytes as one of str; raise InvalidArgument where they are no UTF-8."""
    try:
        return np.asarray(np.frompyfunc(_decode, 1, 1)(array), np.object_)
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise InvalidArgument(f"expected text in UTF-8; found: byte 0x{byte:02x}") from None


def _decode(item: bytes | str) -> str:
    return item if isinstance(item, str) else item.decode()


def to_bytes(array: Array) -> Array:
    """Return an array of str, or of whatever can be shown as such, as one of bytes."""
    return np.asarray(np.frompyfunc(_encode, 1, 1)(array.astype(np.object_)), np.object_)


def _encode(item: object) -> bytes:
    return item if isinstance(item, bytes) else str(item).encode()
