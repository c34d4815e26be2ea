"""worker.picture"""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.conftest import encode
from worker.errors import NotAPicture, PictureBroken, PictureTooLarge
from worker.picture import LARGE_SIDE, prepare

SHORT = 256


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of that many pixels in a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(width + 1) * height, 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_picture_of_each_kind_becomes_a_small_jpeg(form: str) -> None:
    prepared = prepare(encode(Image.new("RGB", (1600, 1200), (200, 30, 30)), form), SHORT)
    small, large = opened(prepared.small), opened(prepared.large)
    assert (small.format, small.size) == ("JPEG", (342, 256))
    assert (large.format, large.size) == ("JPEG", (1440, 1080))
    red, green, blue = small.getpixel((100, 100))  # type: ignore[misc]
    assert red > 180
    assert max(green, blue) < 60


def test_small_picture_is_not_enlarged() -> None:
    prepared = prepare(encode(Image.new("RGB", (40, 30))), SHORT)
    assert opened(prepared.small).size == (40, 30)
    assert opened(prepared.large).size == (40, 30)


def test_what_is_small_and_upright_is_kept_as_it_came_without_what_hides_in_it() -> None:
    picture = Image.effect_noise((1200, 900), 8).convert("RGB")
    data = encode(picture, comment=b"taken at home")
    prepared = prepare(data, SHORT)
    assert opened(prepared.large).tobytes() == opened(data).tobytes()
    assert b"home" not in prepared.large
    assert opened(prepared.small).size == (342, 256)


@pytest.mark.parametrize(
    "options", [{"quality": 100}, {"progressive": True}, {"form": "MPO"}, {"form": "PNG"}]
)
def test_what_is_heavy_or_strange_is_written_anew(options: dict[str, Any]) -> None:
    picture = Image.effect_noise((1200, 900), 8).convert("RGB")
    data = encode(picture, **options)
    large = prepare(data, SHORT).large
    assert (opened(large).format, opened(large).size) == ("JPEG", (1200, 900))
    assert not opened(large).info.get("progressive")
    assert len(large) < 0.3 * 1200 * 900


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 20), (20000, 40)])
def test_odd_shapes_are_no_obstacle(size: tuple[int, int]) -> None:
    prepared = prepare(encode(Image.new("RGB", size), "PNG"), SHORT)
    assert max(opened(prepared.small).size) <= 8 * SHORT
    assert max(opened(prepared.large).size) <= LARGE_SIDE


def test_sideways_photograph_is_turned_upright() -> None:
    image = Image.new("RGB", (400, 200), "white")
    image.paste((255, 0, 0), (0, 0, 400, 100))  # red on top
    exif = image.getexif()
    exif[0x0112] = 6  # the camera was held on its side: turn by 90 degrees to the right
    small = opened(prepare(encode(image, exif=exif), SHORT).small)
    assert small.size[0] < small.size[1]
    red, green, _ = small.getpixel((small.width - 10, small.height // 2))  # type: ignore[misc]
    assert (red > 200, green < 60) == (True, True)
    assert len(small.getexif()) == 0
    assert opened(prepare(encode(image, exif=exif), SHORT).large).size == (200, 400)


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("JPEG", ("comment", "exif", "icc_profile", "xmp")),
        ("WEBP", ("exif", "icc_profile", "xmp")),
        ("PNG", ("exif", "icc_profile")),
        ("GIF", ("comment",)),
    ],
)
def test_nothing_is_kept_of_what_a_file_says_beside_its_picture(
    form: str, told: tuple[str, ...]
) -> None:
    data = encode(Image.new("RGB", (64, 64)), form, **dict.fromkeys(told, b"canary"))
    assert b"canary" in data or form == "PNG"  # which compresses it
    prepared = prepare(data, SHORT)
    for each in (prepared.small, prepared.large):
        assert b"canary" not in each
        assert opened(each).info.keys() <= {"jfif", "jfif_version", "jfif_density", "jfif_unit"}


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_is_no_obstacle() -> None:
    data = encode(Image.new("RGB", (64, 64)), exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert opened(prepare(data, SHORT).small).size == (64, 64)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_picture_stands_on_white(mode: str) -> None:
    image = Image.new("RGBA", (64, 64), (0, 0, 0, 0)).convert(mode)
    options = {"transparency": image.getpixel((0, 0))} if mode == "P" else {}
    small = opened(prepare(encode(image, "PNG", **options), SHORT).small)
    assert min(small.getpixel((32, 32))) > 250  # type: ignore[arg-type]


def test_sixteen_bits_of_grey_keep_their_grey() -> None:
    image = Image.new("I;16", (64, 64), 128 * 256)
    small = opened(prepare(encode(image, "PNG"), SHORT).small)
    assert 120 < small.convert("L").getpixel((32, 32)) < 136  # type: ignore[operator]


def test_cmyk_is_read() -> None:
    image = Image.new("RGB", (64, 64), (250, 250, 250)).convert("CMYK")
    small = opened(prepare(encode(image), SHORT).small)
    assert min(small.getpixel((32, 32))) > 230  # type: ignore[arg-type]


def test_first_frame_of_an_animation_is_taken() -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("white", "black")]
    file = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert min(opened(prepare(file, SHORT).small).getpixel((16, 16))) > 240  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"hello" * 100, id="text"),
        pytest.param(b"<html><body>no picture</body></html>", id="HTML"),
        pytest.param(b"%PDF-1.4\n" + b"0" * 500, id="PDF"),
        pytest.param(b'{"errcode": 1}', id="JSON"),
    ],
)
def test_what_is_no_picture_is_called_so(data: bytes) -> None:
    with pytest.raises(NotAPicture):
        prepare(data, SHORT)


def test_kind_that_we_do_not_open_is_no_picture() -> None:
    with pytest.raises(NotAPicture):
        prepare(encode(Image.new("RGB", (32, 32)), "TIFF"), SHORT)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_truncated_picture_is_called_broken(form: str) -> None:
    noisy = Image.effect_noise((400, 300), 80).convert("RGB")
    with pytest.raises(PictureBroken):
        prepare(encode(noisy, form)[:-2000], SHORT)


def test_pixel_bomb_is_refused_by_its_header() -> None:
    data = bomb(12_000, 12_000)
    assert len(data) < 200_000
    with pytest.raises(PictureTooLarge, match="12000 x 12000 pixels"):
        prepare(data, SHORT)


def test_few_bytes_cannot_take_much_memory() -> None:
    data = encode(Image.new("RGB", (7071, 7071), "white"), "WEBP", quality=1)
    assert len(data) < 200_000
    with pytest.raises(PictureTooLarge, match="WEBP of 7071 x 7071 pixels"):
        prepare(data, SHORT)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_many_large_pictures_at_once_take_no_more_memory_than_one_or_two(
    form: str, tmp_path: Path
) -> None:
    side = 4240 if form == "WEBP" else 4890  # 18 and 24 megapixels
    image = Image.effect_noise((600, 600), 80).resize((side, side)).convert("RGB")
    path = tmp_path / "picture"
    path.write_bytes(encode(image, form, compress_level=1, method=0))  # each where it is one
    command = [sys.executable, "-c", _PEAK, str(path)]
    peak = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert peak < 400_000


def test_jpeg_of_very_many_scans_costs_nothing() -> None:
    whole = encode(Image.new("L", (2000, 2000)), progressive=True).removesuffix(b"\xff\xd9")
    scan = whole[whole.rindex(b"\xff\xda") :]
    data = whole + scan * 100_000 + b"\xff\xd9"
    with pytest.raises(PictureTooLarge, match="scans"):
        prepare(data, SHORT)


def test_large_jpegs_of_several_scans_are_decoded_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "picture"
    image = Image.new("RGB", (4890, 4890))  # 24 megapixels, of 6 bytes each
    path.write_bytes(encode(image, progressive=True, subsampling=0))
    command = [sys.executable, "-c", _PEAK, str(path)]
    peak = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert peak < 250_000


def test_jpeg_of_several_scans_may_have_fewer_pixels() -> None:
    image = Image.new("L", (5100, 5100))
    assert opened(prepare(encode(image), SHORT).small).size == (SHORT, SHORT)
    with pytest.raises(PictureTooLarge, match="JPEG of 5100 x 5100 pixels"):
        prepare(encode(image, progressive=True), SHORT)


_PEAK = """
import pathlib, sys, threading
from worker.picture import prepare
data = pathlib.Path(sys.argv[1]).read_bytes()
threads = [threading.Thread(target=prepare, args=(data, 256)) for _ in range(4)]
for each in threads: each.start()
for each in threads: each.join()
print(pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""  # prints kilobytes


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_panorama_keeps_its_height(form: str) -> None:
    prepared = prepare(encode(Image.new("RGB", (10240, 1280)), form), SHORT)
    assert opened(prepared.small).size == (2048, 256)
    assert opened(prepared.large).size == (LARGE_SIDE, 180)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_large_sideways_photograph_is_turned_upright(form: str) -> None:
    image = Image.new("RGB", (2000, 1000))
    exif = image.getexif()
    exif[0x0112] = 6
    prepared = prepare(encode(image, form, exif=exif), SHORT)
    assert opened(prepared.small).size == (256, 512)
    assert opened(prepared.large).size == (720, LARGE_SIDE)


def test_phone_s_photograph_is_taken() -> None:
    prepared = prepare(encode(Image.new("RGB", (6000, 4000))), SHORT)
    assert opened(prepared.small).size == (384, 256)
