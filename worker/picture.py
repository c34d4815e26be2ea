"""Bytes from a stranger to pictures that models take: safe, upright, opaque, small; JPEG again.

Whatever hides in the file (EXIF, comments, several frames, odd profiles) is gone after that, also
where the copy for questions need not be written anew.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import math
import os
import threading

from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from worker import jpeg
from worker.errors import NotAPicture, PictureBroken, PictureTooLarge
from worker.parts import check_parts

MOST_PIXELS = 50_000_000  # a phone's largest JPEG, which is never decoded whole
MOST_PIXELS_WHOLE = 25_000_000  # of what is: a WebP of 138 bytes can hold 50
MOST_PIXELS_WEBP = 18_000_000  # whose decoder keeps four copies: 280 MB
LARGE_SIDE = 1440  # pixels, the long side of the copy for questions: most photos need no shrinking
_FEW_PIXELS = 4_000_000  # a JPEG of several scans takes six bytes for each of its own: 24 MB
_SHRINKS_WHILE_DECODING = frozenset({"JPEG", "MPO"})
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
_SMALL_QUALITY, _LARGE_QUALITY = 90, 85  # of JPEG; the large copy is kept in Redis
_LIGHT = 0.25  # bytes a pixel: a JPEG of more is written anew, for Redis' sake
_FINER = 1.5  # times as large as needed: what JPEG's decoder shrinks by itself is coarse
_LONGEST = 8  # short sides: a strip is shrunk, not sent a kilometre wide
_DECODERS = threading.BoundedSemaphore(os.cpu_count() or 1)  # decoding is what takes memory
_WHOLE = threading.Lock()  # most of all where it cannot shrink: one at a time

Image.MAX_IMAGE_PIXELS = None  # Pillow only warns, and far later than MOST_PIXELS


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """One picture in the two sizes that we need, as JPEG."""

    small: bytes  # for the classifier
    large: bytes  # for questions


def prepare(data: bytes, short_side: int) -> Prepared:
    """Return the picture with its short side at most short_side, and one LARGE_SIDE long at most.

    Raises NotAPicture, PictureBroken or PictureTooLarge.
    """
    scans, image = check_parts(data), _open(data)
    whole = _is_decoded_whole(image, scans)
    if image.width * image.height > _most_pixels(image, whole=whole):
        raise PictureTooLarge(f"{image.format} of {image.width} x {image.height} pixels")
    with _WHOLE if whole else contextlib.nullcontext(), _DECODERS:
        try:
            return _prepare(image, data, short_side)
        except MemoryError:
            raise PictureTooLarge("no memory to decode it") from None
        except Exception as error:  # noqa: BLE001  # Pillow lets all that its decoders raise pass
            raise PictureBroken(f"cannot be decoded: {type(error).__name__}") from None


def _prepare(image: Image.Image, data: bytes, short_side: int) -> Prepared:
    as_it_is = _as_it_is(image, data)
    scale = _small_scale(image.size, short_side)
    if as_it_is is None:
        scale = max(scale, _large_scale(image.size))
    picture = _decode(image, scale, _FINER if as_it_is else 1.0)
    small, large = _small_scale(picture.size, short_side), _large_scale(picture.size)
    return Prepared(
        small=_jpeg(_shrink(picture, _scaled(picture.size, small)), _SMALL_QUALITY),
        large=as_it_is or _jpeg(_shrink(picture, _scaled(picture.size, large)), _LARGE_QUALITY),
    )


def _as_it_is(image: Image.Image, data: bytes) -> bytes | None:
    """Return the file without what hides in it, if it is already such as we would write it."""
    fits = _large_scale(image.size) == 1.0 and len(data) <= _LIGHT * image.width * image.height
    plain = image.format == "JPEG" and image.mode == "RGB"
    return jpeg.bare(data) if fits and plain and _is_upright(image) else None


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError:
        raise NotAPicture(f"{len(data)} bytes of no known kind") from None
    except Exception as error:  # noqa: BLE001  # the same
        raise PictureBroken(f"cannot be opened: {type(error).__name__}") from None


def _is_decoded_whole(image: Image.Image, scans: int) -> bool:
    """Return whether decoding takes much memory for each pixel, however small it is to become."""
    if image.format not in _SHRINKS_WHILE_DECODING:
        return True
    return scans > 1 and image.width * image.height > _FEW_PIXELS


def _most_pixels(image: Image.Image, *, whole: bool) -> int:
    if image.format == "WEBP":
        return MOST_PIXELS_WEBP
    return MOST_PIXELS_WHOLE if whole else MOST_PIXELS


def _decode(image: Image.Image, scale: float, finer: float) -> Image.Image:
    """Return it upright and opaque in RGB, at that scale."""
    size = _scaled(image.size, scale)
    # JPEG can be decoded at 1/2, 1/4, 1/8 of its size, which saves most of the time and memory.
    image.draft("RGB", _scaled(image.size, scale * finer))
    image.load()
    # Shrunk before all else, which makes copies.
    return _opaque(_upright(_shrink(_in_colours(image), size)))


def _in_colours(image: Image.Image) -> Image.Image:
    """Return the picture in a mode that can be resized: no palette, no colour that means "none"."""
    if image.mode.startswith("I"):  # 16 bits of grey, which convert() would cut off at 255
        return image.point(lambda value: value / 256).convert("L")
    if image.mode in {"L", "LA", "RGBA"} and "transparency" not in image.info:
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001  # damaged EXIF is no reason to refuse the picture
        return image


def _is_upright(image: Image.Image) -> bool:
    try:
        return image.getexif().get(ExifTags.Base.Orientation) not in range(2, 9)
    except Exception:  # noqa: BLE001  # as in _upright()
        return True


def _opaque(image: Image.Image) -> Image.Image:
    """Return the picture in RGB, on white where it was transparent."""
    if "A" not in image.mode:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    white = Image.new("RGB", layer.size, "white")
    white.paste(layer, mask=layer.getchannel("A"))
    return white


def _small_scale(size: tuple[int, int], short_side: int) -> float:
    return min(1.0, short_side / min(size), _LONGEST * short_side / max(size))


def _large_scale(size: tuple[int, int]) -> float:
    return min(1.0, LARGE_SIDE / max(size))


def _scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    width, height = (max(1, math.ceil(side * scale - 1e-9)) for side in size)
    return width, height


def _shrink(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    if size == image.size:
        return image
    # 43 dB from what BICUBIC with a gap of 3 makes of photographs, in a third of the time.
    return image.resize(size, Image.Resampling.HAMMING, reducing_gap=1.5)


def _jpeg(image: Image.Image, quality: int) -> bytes:
    image.info = {}  # else Pillow writes the comment that was in the file
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()
