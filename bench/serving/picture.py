"""A picture of a wanted size in bytes."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw

_GRAIN = 16  # pixels: soft patches, as of a photograph out of focus, and noise over them
_QUALITIES = range(95, 5, -3)


def jpeg(width: int, height: int, most: int) -> bytes:
    """Return a JPEG file of so many pixels, of the best quality within so many bytes."""
    rng = np.random.default_rng(0)
    patches = rng.integers(0, 256, (height // _GRAIN, width // _GRAIN, 3), np.uint8)
    soft = Image.fromarray(patches).resize((width, height), Image.Resampling.BICUBIC)
    noisy = np.asarray(soft, np.float32) + rng.normal(0, 4, (height, width, 1))
    picture = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
    for quality in _QUALITIES:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality)
        if file.tell() <= most:
            return file.getvalue()
    raise ValueError(f"{width} x {height} pixels do not fit into {most} bytes")


def circle() -> bytes:
    """Return a PNG file of a red circle on white, 128 pixels wide."""
    picture = Image.new("RGB", (128, 128), "white")
    ImageDraw.Draw(picture).ellipse((40, 40, 80, 80), fill="red")
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
