"""A JPEG without all that is not its picture, copied byte by byte: nothing is decoded.

Markers and their order: ITU-T T.81, annex B; APP0 and APP14, which say what the colours are: T.871
and T.872.
"""

from __future__ import annotations

import re
import struct

_START, _END, _SCAN = b"\xff\xd8", b"\xff\xd9", 0xDA
_NEEDED = {0xC0, 0xC1, 0xC4, 0xDB, 0xDD}  # frames that are coded in sequence, tables, restarts
_NOT_NEEDED = {*range(0xE0, 0xF0), 0xFE}  # of applications, comments
_OF_COLOURS = {(0xE0, b"JFIF\0", 16), (0xEE, b"Adobe", 14)}  # of this length: no thumbnail
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7]")  # in a scan a zero follows 0xFF, or it is a restart


def bare(data: bytes) -> bytes | None:
    """Return the picture of a sequential JPEG of one scan without EXIF, profile, comment and such.

    None where it is of another kind, or strange: that has to be decoded and written anew.
    """
    kept, place = [_START], len(_START)
    if not data.startswith(_START):
        return None
    while len(data) >= place + 9 and data[place] == 0xFF:
        marker, length = data[place + 1], *struct.unpack_from(">H", data, place + 2)
        after = place + 2 + length
        if marker == _SCAN:
            end = _MARKER.search(data, after)
            is_last = end is not None and end[0] == _END
            return b"".join([*kept, data[place : end.end()]]) if end and is_last else None
        name = data[place + 4 : place + 9]
        if marker in _NEEDED or (marker, name, length) in _OF_COLOURS:
            kept.append(data[place:after])
        elif marker not in _NOT_NEEDED:
            return None
        place = after
    return None
