"""Strings in a tensor_content: all their lengths, as varints, and then all their bytes.

Source: EncodeStringList and DecodeStringList in tensorflow/core/platform/tensor_coding.cc.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from serving.errors import Unimplemented


class TensorError(Unimplemented):
    """What came is no tensor, or none that numpy has a type for."""


def decode(content: bytes, count: int) -> list[bytes]:
    """Return the strings; raise TensorError where there are not that many, or more."""
    at = 0
    sizes: list[int] = []
    while len(sizes) < count and at < len(content):
        size, at = _read_varint(content, at)
        sizes.append(size)
    if len(sizes) != count or at + sum(sizes) != len(content):
        raise TensorError(f"{len(content)} bytes are not {count} strings")
    ends = list(itertools.accumulate(sizes, initial=at))
    return [content[start:end] for start, end in itertools.pairwise(ends)]


def _read_varint(content: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins there, seven bits a byte, and where it ends."""
    number = 0
    for shift in range(0, 35, 7):
        byte = content[at : at + 1] or b"\0"
        number, at = number | (byte[0] & 0x7F) << shift, at + 1
        if byte[0] < 0x80:
            break
    return number, at


def encode(strings: Sequence[bytes]) -> bytes:
    """Return the strings as one."""
    return b"".join([*(varint(len(each)) for each in strings), *strings])


def varint(number: int) -> bytes:
    """Return the number, seven bits a byte, the lowest first."""
    found = bytearray()
    while number >= 0x80:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)
