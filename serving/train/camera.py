"""What paper, light and a phone's camera do to a drawing. Pixels are float32 0..255, RGB."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

Pixels = npt.NDArray[np.float32]
Random = np.random.Generator


def paper(rng: Random, height: int, width: int) -> tuple[Pixels, Pixels]:
    """Return a sheet [height, width, 3] and an ink colour [3] that shows on it."""
    light = rng.random() < 0.7
    level = rng.uniform(150, 255) if light else rng.uniform(0, 90)
    sheet = level + rng.normal(0, 8, 3)
    contrast = rng.uniform(70, 230)
    ink = (level - contrast if light else level + contrast) + rng.normal(0, 25, 3)
    pixels = np.broadcast_to(np.clip(sheet, 0, 255), (height, width, 3))
    return pixels.astype(np.float32), np.clip(ink, 0, 255).astype(np.float32)


def rule(rng: Random, pixels: Pixels) -> Pixels:
    """Draw the thin lines of a ruled or squared sheet, now and then."""
    kind = rng.random()
    if kind > 0.2:
        return pixels
    ruled = pixels.copy()
    step = int(rng.integers(max(6, len(pixels) // 9), max(8, len(pixels) // 3)))
    start, fade = int(rng.integers(step)), rng.uniform(0.75, 0.93)
    ruled[start::step] *= fade
    if kind < 0.08:
        ruled[:, start::step] *= fade
    return ruled


def light(rng: Random, pixels: Pixels) -> Pixels:
    """Shade the picture from one side to the other, tint it and brighten or darken it."""
    height, width = pixels.shape[:2]
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None, None]
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :, None]
    shade = down * rng.uniform(-25, 25) + across * rng.uniform(-25, 25)
    tint = rng.normal(1, 0.04, 3) * rng.uniform(0.8, 1.1)
    return (pixels * tint.astype(np.float32) + shade).astype(np.float32)


def photograph(rng: Random, pixels: Pixels) -> Image.Image:
    """Return the picture as a camera would give it: a little blurred, noisy, compressed."""
    noisy = pixels + rng.normal(0, rng.uniform(0, 9), pixels.shape)
    image = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
    if rng.random() < 0.4:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 1.2)))
    return compress(image, int(rng.integers(35, 96))) if rng.random() < 0.6 else image


def compress(image: Image.Image, quality: int) -> Image.Image:
    """Return the picture after a way through JPEG."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file)


def sent(rng: Random, image: Image.Image) -> Image.Image:
    """Return the picture as it arrives: at some other size, perhaps compressed once more."""
    width = int(np.exp(rng.uniform(np.log(40), np.log(320))))
    height = max(40, round(width * image.height / image.width))
    resized = image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    return compress(resized, int(rng.integers(50, 96))) if rng.random() < 0.6 else resized


def seen(image: Image.Image, size: int) -> npt.NDArray[np.uint8]:
    """Return uint8 [size, size, 3]: what the model's own graph makes of the picture.

    Pillow's bilinear is antialiased, like tf.image.resize(…, antialias=True) in the graph.
    """
    small = image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(small, np.uint8)


def pick(rng: Random, options: Any) -> Any:
    """Return one of options."""
    return options[int(rng.integers(len(options)))]
