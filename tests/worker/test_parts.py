"""worker.parts"""

from __future__ import annotations

import struct

import pytest
from PIL import Image

from tests.conftest import encode
from worker.errors import PictureBroken, PictureTooLarge
from worker.parts import MOST_PARTS, MOST_SCANS, check_parts

PROGRESSIVE = encode(Image.new("L", (64, 64)), progressive=True)
END = b"\xff\xd9"


def with_scans(number: int, before: bytes = b"") -> bytes:
    """Return a JPEG whose last scan comes again so many times."""
    whole = PROGRESSIVE.removesuffix(END)
    return whole + before + whole[whole.rindex(b"\xff\xda") :] * number + END


@pytest.mark.parametrize("before", [b"", b"\xff\x01", b"\xff\xff", b"\xff\xd0"])
def test_jpeg_of_very_many_scans_is_refused(before: bytes) -> None:
    with pytest.raises(PictureTooLarge, match="of them scans"):
        check_parts(with_scans(MOST_SCANS, before))


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_what_encoders_write_is_taken(mode: str) -> None:
    photograph = Image.effect_noise((300, 200), 90).convert(mode)
    check_parts(encode(photograph, progressive=True, quality=98))
    check_parts(encode(photograph, quality=98))


def test_film_behind_a_photograph_is_no_part_of_it() -> None:
    check_parts(PROGRESSIVE + b"\xff\xda\0\2" * 1000)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8" + b"\xff\xe5\0\2" * (MOST_PARTS + 1),
        b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0abCd\0\0\0\0" * (MOST_PARTS + 1),
    ],
    ids=["JPEG", "PNG"],
)
def test_file_of_very_many_small_parts_is_refused(data: bytes) -> None:
    with pytest.raises(PictureTooLarge, match=r"segments or more|chunks"):
        check_parts(data)


FILLING = [
    b"\xff" * 10_001,
    b"\xff\xd9" + b"\xff" * 10_000,  # an end, behind which Pillow reads on
    (b"\xff\xf0" + b"\xff" * 1000) * 11,  # no length follows it
    b"\xff\xd8" * 5001,
    b"\xff\xc8\xff\xd0" * 2501,
    b"\0" * 10_001,
]


@pytest.mark.parametrize("filling", FILLING)
def test_filling_that_pillow_would_read_byte_by_byte_is_refused(filling: bytes) -> None:
    whole = encode(Image.new("L", (64, 64)))
    table = whole.index(b"\xff\xdb")
    check_parts(whole[:table] + filling[:9000] + whole[table:])
    for data in (whole[:table] + filling + whole[table:], whole[:2] + filling):
        with pytest.raises(PictureBroken, match="bytes between"):
            check_parts(data)


def run_length_encoded(data: bytes, side: int = 1000) -> bytes:
    """Return a BMP of side x side grey pixels in BI_RLE8."""
    header = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(data), 0, 0, 256, 0)
    colours = bytes(1024)
    start = 14 + len(header) + len(colours)
    return struct.pack("<2sIHHI", b"BM", start + len(data), 0, 0, start) + header + colours + data


@pytest.mark.parametrize(("runs", "side"), [(600_000, 1000), (1000, 1415)])
def test_runs_that_pillow_would_read_one_by_one_are_refused(runs: int, side: int) -> None:
    run = b"\x01\x00"
    check_parts(run_length_encoded(run * 1000))
    with pytest.raises(PictureTooLarge, match="run-length"):
        check_parts(run_length_encoded(run * runs, side))


def test_bmp_without_runs_is_taken() -> None:
    check_parts(encode(Image.new("RGB", (2000, 2000)), "BMP"))


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n\xff", b"BM", b"BM" + bytes(30)]
)
def test_beginning_of_a_file_is_left_to_whoever_opens_it(data: bytes) -> None:
    check_parts(data)
