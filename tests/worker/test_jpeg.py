"""worker.jpeg"""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from tests.conftest import encode
from worker.jpeg import bare

GREY = Image.effect_noise((64, 48), 80)
PICTURE = Image.merge("RGB", [GREY, GREY.rotate(90), GREY.rotate(180)])
SECRET = b"taken at 31.2304 N, 121.4737 E"


def pixels(data: bytes) -> bytes:
    return Image.open(io.BytesIO(data)).tobytes()


def with_exif() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()  # the description
    return encode(PICTURE, exif=exif)


def with_thumbnail() -> bytes:
    plain = encode(PICTURE)
    jfif = b"\xff\xe0\x00\x13JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x01\x01\xff\x00\x00"
    return plain[:2] + jfif + plain[20:]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(encode(PICTURE), id="nothing"),
        pytest.param(with_exif(), id="EXIF"),
        pytest.param(encode(PICTURE, comment=SECRET), id="comment"),
        pytest.param(encode(PICTURE, icc_profile=SECRET * 10), id="profile"),
        pytest.param(encode(PICTURE, xmp=SECRET), id="XMP"),
        pytest.param(encode(PICTURE) + SECRET, id="bytes after it"),
        pytest.param(encode(PICTURE) + encode(PICTURE, comment=SECRET), id="another after it"),
        pytest.param(with_thumbnail(), id="thumbnail"),
    ],
)
@pytest.mark.filterwarnings("ignore")  # what Pillow thinks of these
def test_only_the_picture_is_left(data: bytes) -> None:
    found = bare(data)
    assert found is not None
    assert pixels(found) == pixels(data)
    assert SECRET not in found
    assert len(found) <= len(encode(PICTURE))


def test_how_colours_are_meant_stays() -> None:
    data = encode(PICTURE, keep_rgb=True)  # says so in APP14
    assert b"Adobe" in data
    found = bare(data)
    assert found is not None
    assert pixels(found) == pixels(data)


@pytest.mark.parametrize(
    "options", [{"restart_marker_rows": 1}, {"optimize": True}, {"quality": 1}]
)
def test_ways_to_write_it_do_not_matter(options: dict[str, Any]) -> None:
    data = encode(PICTURE, **options)
    assert bare(data) == data


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(encode(PICTURE, "PNG"), id="PNG"),
        pytest.param(encode(PICTURE, progressive=True), id="progressive"),
        pytest.param(encode(PICTURE)[:-2], id="no end"),
        pytest.param(encode(PICTURE)[:300], id="no scan"),
        pytest.param(encode(PICTURE)[:2] + b"\xff\xff" + encode(PICTURE)[2:], id="filled up"),
        pytest.param(encode(PICTURE)[:2] + b"\xff\xd8" * 8, id="starts and starts"),
    ],
)
def test_what_is_strange_is_left_alone(data: bytes) -> None:
    assert bare(data) is None


def test_no_damage_makes_it_fail_or_go_on_for_ever() -> None:
    data = with_exif()
    for place in range(len(data[:700])):
        bare(data[:place] + b"\xff" + data[place + 1 :])
        bare(data[:place] + b"\x00" + data[place + 1 :])
        bare(data[:place])
