"""Pictures that are neither digits nor scenes: pages, charts, letters, patterns, noise.

Each function takes a random generator and returns one RGB picture of a size of its own choice.
"""

from __future__ import annotations

import io
import string
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from serving.train.camera import Random, light, paper, photograph, pick
from serving.train.digits import draw_printed, fonts

_TEXT = """
the of and a to in is you that it he was for on are as with his they at be this have from or one
had by word but not what all were we when your can said there use an each which she do how picture
answer question model server queue worker light paper camera red blue 12 2026 7 365 %
"""
WORDS = tuple(_TEXT.split())
# Letters that nobody could take for a digit.
_LETTERS = "AEFHKMNPRTVWXYadefhkmnprtvwx&@#?!"


def page(rng: Random) -> Image.Image:
    """Return a page of text, close by or far away."""
    width, height = int(rng.integers(180, 420)), int(rng.integers(180, 420))
    sheet, ink = paper(rng, height, width)
    picture = Image.fromarray(sheet.astype(np.uint8))
    pen, size = ImageDraw.Draw(picture), int(rng.integers(8, 34))
    font, margin = ImageFont.truetype(pick(rng, fonts()), size), int(rng.integers(4, 40))
    colour = tuple(int(value) for value in ink)
    for y in range(margin, height - size, int(size * rng.uniform(1.1, 1.8))):
        words = " ".join(pick(rng, WORDS) for _ in range(int(rng.integers(1, 14))))
        pen.text((margin, y), words, colour, font)
    return photograph(rng, light(rng, np.asarray(picture, np.float32)))


def letter(rng: Random) -> Image.Image:
    """Return one letter or sign, printed."""
    return draw_printed(rng, pick(rng, _LETTERS))


def number(rng: Random) -> Image.Image:
    """Return a number of several digits, or a word: no single digit."""
    length = int(rng.integers(2, 6))
    letters = string.digits if rng.random() < 0.6 else string.ascii_letters
    text = "".join(pick(rng, letters) for _ in range(length))
    side = int(rng.integers(90, 160))
    sheet, ink = paper(rng, side, int(side * rng.uniform(0.9, 1.8)))
    picture = Image.fromarray(sheet.astype(np.uint8))
    font = ImageFont.truetype(pick(rng, fonts()), int(1.5 * picture.width / (length + 1)))
    middle = (picture.width / 2, picture.height / 2)
    ImageDraw.Draw(picture).text(middle, text, tuple(int(v) for v in ink), font, anchor="mm")
    return photograph(rng, light(rng, np.asarray(picture, np.float32)))


def chart(rng: Random) -> Image.Image:
    """Return a chart by matplotlib: lines, bars, a pie, points, a histogram or a map of heat."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(rng.uniform(2.2, 4.5), rng.uniform(2, 3.6)), dpi=72)
    FigureCanvasAgg(figure)
    axes, data = figure.subplots(), rng.normal(0, 1, (int(rng.integers(3, 30)), 3)).cumsum(0)
    kind = int(rng.integers(6))
    if kind == 0:
        axes.plot(data[:, : int(rng.integers(1, 4))], linewidth=rng.uniform(0.8, 4))
    elif kind == 1:
        axes.bar(range(len(data)), abs(data[:, 0]), color=pick(rng, ["C0", "C1", "C2", "C3", "k"]))
    elif kind == 2:
        axes.pie(abs(data[:6, 0]) + 0.1)
    elif kind == 3:
        axes.scatter(data[:, 0], data[:, 1], s=rng.uniform(5, 120), c=data[:, 2])
    elif kind == 4:
        axes.hist(rng.normal(0, 1, 200), bins=int(rng.integers(5, 40)))
    else:
        axes.imshow(rng.random((8, 8)), cmap=pick(rng, ["viridis", "magma", "gray", "jet"]))
    if rng.random() < 0.3:
        axes.set_axis_off()
    elif rng.random() < 0.5:
        axes.set_title(pick(rng, WORDS))
    file = io.BytesIO()
    figure.savefig(file, format="png", facecolor=rng.uniform(0.75, 1, 3))
    return photograph(rng, np.asarray(Image.open(file).convert("RGB"), np.float32))


def noise(rng: Random) -> Image.Image:
    """Return noise, fine or coarse, grey or coloured."""
    side, grain = int(rng.integers(64, 200)), int(rng.integers(1, 40))
    shape = (max(2, side // grain), max(2, side // grain), 3 if rng.random() < 0.6 else 1)
    grains = rng.integers(0, 256, shape) if rng.random() < 0.6 else rng.normal(128, 50, shape)
    pixels = np.broadcast_to(np.clip(grains, 0, 255), (*shape[:2], 3)).astype(np.uint8)
    way = pick(rng, [Image.Resampling.NEAREST, Image.Resampling.BICUBIC])
    return Image.fromarray(pixels).resize((side, side), way)


def pattern(rng: Random) -> Image.Image:
    """Return stripes, squares, a gradient, or nothing but a colour."""
    side, kind = int(rng.integers(64, 200)), rng.random()
    one, two = rng.uniform(0, 255, 3), rng.uniform(0, 255, 3)
    y, x = np.mgrid[:side, :side] / side
    turn = rng.uniform(0, np.pi)
    across = x * np.cos(turn) + y * np.sin(turn)
    waves = rng.uniform(2, 14)
    if kind < 0.3:
        mix = np.sin(2 * np.pi * waves * across) > rng.uniform(-0.7, 0.7)
    elif kind < 0.5:
        mix = (x * waves).astype(int) % 2 ^ (y * waves).astype(int) % 2
    elif kind < 0.85:
        mix = across if rng.random() < 0.5 else np.hypot(x - rng.random(), y - rng.random())
    else:
        mix = np.zeros_like(x)
    weight = np.clip(mix, 0, 1).astype(np.float32)[..., None]
    return photograph(rng, light(rng, (one * (1 - weight) + two * weight).astype(np.float32)))


def blobs(rng: Random) -> Image.Image:
    """Return soft overlapping spots: out-of-focus lights, clouds, cells."""
    side = int(rng.integers(80, 200))
    picture = Image.new("RGB", (side, side), _any_colour(rng))
    pen = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(4, 40))):
        x, y, r = rng.uniform(0, side), rng.uniform(0, side), rng.uniform(3, side / 3)
        pen.ellipse((x - r, y - r * rng.uniform(0.4, 1), x + r, y + r), _any_colour(rng))
    picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(1, side / 14)))
    return photograph(rng, np.asarray(picture, np.float32))


def scribble(rng: Random) -> Image.Image:
    """Return loose lines on paper: drawn, but no digit."""
    side = int(rng.integers(80, 200))
    sheet, ink = paper(rng, side, side)
    picture = Image.fromarray(sheet.astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(3, 9))):
        points = [tuple(point) for point in rng.uniform(0, side, (int(rng.integers(3, 7)), 2))]
        pen.line(points, tuple(int(v) for v in ink), int(rng.integers(1, 9)), joint="curve")
    return photograph(rng, light(rng, np.asarray(picture, np.float32)))


def _any_colour(rng: Random) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in rng.integers(0, 256, 3))
    return red, green, blue


KINDS: dict[str, Callable[[Random], Image.Image]] = {
    "page": page,
    "chart": chart,
    "noise": noise,
    "pattern": pattern,
    "letter": letter,
    "number": number,
    "blobs": blobs,
    "scribble": scribble,
}
