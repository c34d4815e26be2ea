"""Into how many parts a picture's file is cut: few bytes of them can cost much to read.

JPEG  each scan goes over all pixels: 75 bytes can take 50 ms, and 10 MB have room for 130,000 scans
PNG   of each chunk, as of each segment of a JPEG, Pillow keeps far more than its bytes in the file
"""

from __future__ import annotations

import re

from worker.errors import PictureTooLarge

MOST_SCANS = 40  # libjpeg's encoders write ten, and eighteen where there are four colours
MOST_PARTS = 10_000  # segments or chunks; a PNG of 10 MB has some 1,300 where they are small
_JPEG, _PNG = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"
# Not a byte of a scan, nor a marker that stands alone: what follows that is no length.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
_SCAN, _END = b"\xff\xda", b"\xff\xd9"


def check_parts(data: bytes) -> int:
    """Return how many scans a JPEG has, 0 for another kind of file.

    Raises PictureTooLarge for one of more parts than we read.
    """
    if data.startswith(_JPEG):
        return _check_jpeg(data)
    if data.startswith(_PNG):
        _check_png(data)
    return 0


def _check_jpeg(data: bytes) -> int:
    parts, scans, position = 0, 0, len(_JPEG)
    while (found := _MARKER.search(data, position)) and found[0] != _END:
        length = int.from_bytes(data[found.end() : found.end() + 2], "big")
        position = found.end() + length
        parts += 1
        scans += found[0] == _SCAN
        if parts > MOST_PARTS or scans > MOST_SCANS:
            raise PictureTooLarge(f"JPEG of {parts} segments or more, {scans} of them scans")
    return scans


def _check_png(data: bytes) -> None:
    parts, position = 0, len(_PNG)
    while position < len(data):
        position += 12 + int.from_bytes(data[position : position + 4], "big")
        parts += 1
        if parts > MOST_PARTS:
            raise PictureTooLarge(f"PNG of more than {MOST_PARTS} chunks")
