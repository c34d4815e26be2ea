"""Into how many parts a picture's file is cut: few bytes of them can cost much to read.

JPEG  each scan goes over all pixels: 75 bytes can take 50 ms, and 10 MB have room for 130,000 scans
      before the first there may be any number of bytes between segments, read one by one
PNG   of each chunk, as of each segment of a JPEG, Pillow keeps far more than its bytes in the file
BMP   runs of one colour, and what they leave out, are decoded by Python, not by C
"""

from __future__ import annotations

import re
import struct

from worker.errors import PictureBroken, PictureTooLarge

MOST_SCANS = 40  # libjpeg's encoders write ten, and eighteen where there are four colours
MOST_PARTS = 10_000  # segments or chunks; a PNG of 10 MB has some 1,300 where they are small
_MOST_FILLING = 10_000  # bytes between the segments of a JPEG
_MOST_RUNS = 2**20  # bytes of a BMP that is run-length encoded
_MOST_PIXELS_OF_RUNS = 2_000_000
_JPEG, _PNG, _BMP = b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"BM"
_BITMAPINFOHEADER = struct.Struct("<14xIiiHHI")  # its size, width, height, planes, bits, coding
_RLE = {1, 2}  # BI_RLE8, BI_RLE4
_LEAST_HEADER = 40  # bytes; the older one has no coding
# Those that have a length, as Pillow knows them: it reads on behind any other.
_SEGMENT = re.compile(rb"\xff[\xc0-\xc7\xc9-\xcf\xda-\xef\xfe]")
# In and behind a scan: not a byte of it, nor a marker that stands alone.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
_SCAN, _END = b"\xff\xda", b"\xff\xd9"


def check_parts(data: bytes) -> int:
    """Return how many scans a JPEG has, 0 for another kind of file.

    Raises PictureTooLarge for one of more parts than we read, PictureBroken for mere filling.
    """
    if data.startswith(_JPEG):
        return _check_jpeg(data)
    if data.startswith(_PNG):
        _check_png(data)
    if data.startswith(_BMP):
        _check_bmp(data)
    return 0


def _check_jpeg(data: bytes) -> int:
    parts, scans, filling, position = 0, 0, 0, len(_JPEG)
    while (found := (_MARKER if scans else _SEGMENT).search(data, position)) and found[0] != _END:
        filling += 0 if scans else found.start() - position
        length = int.from_bytes(data[found.end() : found.end() + 2], "big")
        position = found.end() + length
        parts += 1
        scans += found[0] == _SCAN
        if parts > MOST_PARTS or scans > MOST_SCANS:
            raise PictureTooLarge(f"JPEG of {parts} segments or more, {scans} of them scans")
    filling += 0 if scans else max(0, len(data) - position)
    if filling > _MOST_FILLING:
        raise PictureBroken(f"JPEG with {filling} bytes between its segments")
    return scans


def _check_png(data: bytes) -> None:
    parts, position = 0, len(_PNG)
    while position < len(data):
        position += 12 + int.from_bytes(data[position : position + 4], "big")
        parts += 1
        if parts > MOST_PARTS:
            raise PictureTooLarge(f"PNG of more than {MOST_PARTS} chunks")


def _check_bmp(data: bytes) -> None:
    if len(data) < _BITMAPINFOHEADER.size:
        return
    size, width, height, _, _, coding = _BITMAPINFOHEADER.unpack_from(data)
    if size < _LEAST_HEADER or coding not in _RLE:
        return
    if len(data) > _MOST_RUNS or abs(width * height) > _MOST_PIXELS_OF_RUNS:
        raise PictureTooLarge(f"run-length encoded BMP of {len(data)} bytes, {width} x {height}")
