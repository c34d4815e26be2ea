"""Pictures that are no drawing of our things alone: all of them are to be refused.

Each function takes a random generator and returns one RGB picture.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from serving.train import others, photographs
from serving.train.camera import Random, pick
from serving.train.digits import fonts
from serving.train.vqa import draw, palette
from serving.train.vqa.scene import Scene, compose, random_aspect

_INK = ("#111111", "#333333", "#555555", "#1a56c4", "#b3261e")
_PAINT = ("#ffffff", "#f1f3f4", "#e8eaed", "#4285f4", "#34a853", "#ea4335", "#fbbc05", "#202124")
_LAND = ("#cfe8c6", "#e9e5dc", "#dcd6c8", "#b5d6ea", "#f5f1e6", "#d7ecd0")


def photograph(part: str) -> Callable[[Random], Image.Image]:
    """Return the function for parts of the photographs of "train" or "test"."""
    return lambda rng: photographs.crop(rng, pick(rng, photographs.load(part)))


def dark(rng: Random) -> Image.Image:
    """Return our things on a dark ground, where colours deceive."""
    return draw.picture(rng, compose(rng), ground=palette.dark)[0]


def empty(rng: Random) -> Image.Image:
    """Return a canvas with nothing on it."""
    ratio = random_aspect(rng)
    scene = Scene(width=min(1.0, ratio), height=min(1.0, 1 / ratio), things=())
    return draw.picture(rng, scene, ground=pick(rng, (palette.ground, palette.dark)))[0]


def crowd(rng: Random) -> Image.Image:
    """Return far more things than a scene holds."""
    return draw.picture(rng, compose(rng, count=int(rng.integers(14, 36))))[0]


def screen(rng: Random) -> Image.Image:
    """Return what looks like a window of a program: bars, panels, buttons, icons, lines of text."""
    image, pen = _blank(rng, pick(rng, _PAINT[:3]))
    width, height = image.size
    bar, side = height * rng.uniform(0.05, 0.16), width * rng.uniform(0, 0.35)
    pen.rectangle((0, 0, width, bar), pick(rng, _PAINT))
    pen.rectangle((0, bar, side, height), pick(rng, _PAINT))
    for _ in range(int(rng.integers(2, 12))):
        x, y = rng.uniform(side, width * 0.8), rng.uniform(bar, height * 0.9)
        w, h = width * rng.uniform(0.06, 0.45), height * rng.uniform(0.03, 0.3)
        pen.rounded_rectangle(
            (x, y, x + w, y + h), min(w, h) * rng.uniform(0, 0.5), pick(rng, _PAINT)
        )
    for _ in range(int(rng.integers(4, 25))):
        place = (rng.uniform(0, width * 0.8), rng.uniform(0, height * 0.95))
        pen.text(place, _words(rng), pick(rng, _INK), _font(rng, 7, 18))
    for _ in range(int(rng.integers(0, 6))):
        x, y, r = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(4, 14)
        pen.ellipse((x - r, y - r, x + r, y + r), pick(rng, _PAINT))
    return _saved(rng, image)


def table(rng: Random) -> Image.Image:
    """Return a table of words and numbers, ruled."""
    image, pen = _blank(rng, "#ffffff")
    rows, columns = int(rng.integers(3, 16)), int(rng.integers(2, 8))
    width, height = image.width / columns, image.height / rows
    font = _font(rng, 7, max(8, min(20, int(height * 0.7))))
    for row in range(rows):
        for column in range(columns):
            x, y = column * width, row * height
            fill = "#dde6f5" if row == 0 or (row % 2 and columns > 4) else None
            pen.rectangle((x, y, x + width, y + height), fill, pick(rng, _INK[:3]))
            pen.text((x + 3, y + 2), _words(rng, 2), _INK[0], font)
    return _saved(rng, image)


def grid_code(rng: Random) -> Image.Image:
    """Return black and white modules in a square, with finders in three corners, like a QR code."""
    count, scale = int(rng.choice([21, 25, 29, 33, 37])), int(rng.integers(3, 9))
    modules = rng.integers(0, 2, (count, count)) * 255
    finder = np.full((8, 8), 255)
    finder[:7, :7] = 0
    finder[1:6, 1:6] = 255
    finder[2:5, 2:5] = 0
    modules[:8, :8], modules[:8, -8:], modules[-8:, :8] = finder, finder[:, ::-1], finder[::-1]
    framed = np.pad(modules, int(rng.integers(1, 8)), constant_values=255).astype(np.uint8)
    image = Image.fromarray(framed).convert("RGB")
    return _saved(rng, image.resize((image.width * scale, image.height * scale), 0))


def street_map(rng: Random) -> Image.Image:
    """Return land, water, streets and names."""
    image, pen = _blank(rng, pick(rng, _LAND))
    extent = np.array(image.size)
    for _ in range(int(rng.integers(2, 9))):
        centre, reach = rng.uniform(0, 1, 2) * extent, extent.max() * rng.uniform(0.05, 0.4)
        angles = np.sort(rng.uniform(0, 2 * math.pi, int(rng.integers(4, 12))))
        around = np.stack([np.cos(angles), np.sin(angles)], axis=1) * rng.uniform(
            0.5, 1, (len(angles), 1)
        )
        pen.polygon(
            [tuple(point) for point in (centre + reach * around).tolist()], pick(rng, _LAND)
        )
    for _ in range(int(rng.integers(4, 16))):
        points = rng.uniform(-0.1, 1.1, (int(rng.integers(2, 5)), 2)) * extent
        colour = pick(rng, ("#ffffff", "#ffffff", "#f7c873", "#e8914d", "#9aa0a6"))
        pen.line(
            [tuple(point) for point in points.tolist()],
            colour,
            int(rng.integers(1, 9)),
            joint="curve",
        )
    for _ in range(int(rng.integers(1, 9))):
        place = tuple((rng.uniform(0, 0.9, 2) * extent).tolist())
        pen.text(place, _words(rng, 2), pick(rng, _INK), _font(rng, 7, 14))
    return _saved(rng, image)


def _blank(rng: Random, ground: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    side, ratio = draw.random_side(rng), random_aspect(rng)
    size = round(side * min(1, ratio)), round(side * min(1, 1 / ratio))
    image = Image.new("RGB", size, ground)
    return image, ImageDraw.Draw(image)


def _saved(rng: Random, image: Image.Image) -> Image.Image:
    return draw.shoot(rng, np.asarray(image, np.float32))


def _words(rng: Random, most: int = 6) -> str:
    return " ".join(pick(rng, others.WORDS) for _ in range(int(rng.integers(1, most + 1))))


def _font(rng: Random, low: int, high: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(pick(rng, fonts()), int(rng.integers(low, high + 1)))


LEARNED: dict[str, Callable[[Random], Image.Image]] = {
    "photograph": photograph("train"),
    **others.KINDS,
    "dark ground": dark,
    "empty": empty,
    "crowd": crowd,
    "screen": screen,
    "table": table,
}
HELD_OUT: dict[str, Callable[[Random], Image.Image]] = {
    "photograph": photograph("test"),
    "grid code": grid_code,
    "street map": street_map,
}
