"""Photographs a sample anew, so that no two pictures of it are the same to the worker."""

from __future__ import annotations

import io
import secrets
from pathlib import Path

from PIL import Image, ImageEnhance

_MARGIN = 4  # percent of a side that may be cut off
_random = secrets.SystemRandom()


def photograph(path: Path) -> bytes:
    """Return a JPEG of the picture, cut and lit a little differently each time."""
    with Image.open(path) as picture:
        width, height = picture.size
        cut = [_random.uniform(0, _MARGIN / 100) for _ in range(4)]
        box = (
            *(round(cut[0] * width), round(cut[1] * height)),
            *(round((1 - cut[2]) * width), round((1 - cut[3]) * height)),
        )
        light = ImageEnhance.Brightness(picture.crop(box)).enhance(_random.uniform(0.97, 1.03))
        file = io.BytesIO()
        light.convert("RGB").save(file, "JPEG", quality=92)
    return file.getvalue()
