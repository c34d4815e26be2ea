"""Scenes: one to seven circles, squares and triangles in eight colours on a light ground.

Lengths are in short sides of the canvas, from its top left corner, so that a scene reads the same
on a square, a wide and a tall canvas.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from serving.train.camera import Random, light, photograph

COLOURS = {
    "red": (220, 40, 40),
    "orange": (250, 140, 20),
    "yellow": (245, 215, 30),
    "green": (40, 160, 70),
    "blue": (40, 90, 220),
    "purple": (135, 50, 175),
    "pink": (250, 150, 190),
    "black": (25, 25, 25),
}
KINDS = ("circle", "square", "triangle")
MOST = 7  # shapes in a scene
# Shapes of one size cover one area: half the side of the square, the circumradius of the triangle.
_REACH = {"circle": 1.0, "square": math.sqrt(math.pi) / 2, "triangle": 1.555}
_CORNERS = {"square": (4, math.pi / 4, math.sqrt(2)), "triangle": (3, -math.pi / 2, 1.0)}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One thing in a scene."""

    kind: str
    colour: str
    x: float  # of its centre
    y: float
    size: float  # radius of the circle of equal area


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Shapes that do not touch, on a canvas of width x height short sides."""

    width: float
    height: float
    shapes: tuple[Shape, ...]


def compose(rng: Random, *, count: int | None = None, aspect: float = 1.0) -> Scene:
    """Return a random scene; aspect is width / height. A crowded one may hold fewer than count."""
    width, height = (aspect, 1.0) if aspect >= 1 else (1.0, 1 / aspect)
    wanted = count or int(rng.integers(1, MOST + 1))
    shapes: list[Shape] = []
    for _ in range(400):
        if len(shapes) == wanted:
            break
        shape = _throw(rng, width, height)
        if all(_apart(shape, other) for other in shapes):
            shapes.append(shape)
    return Scene(width=width, height=height, shapes=tuple(shapes))


def _throw(rng: Random, width: float, height: float) -> Shape:
    kind = KINDS[int(rng.integers(len(KINDS)))]
    size = rng.uniform(0.055, 0.105)
    edge = _radius(kind, size) + 0.01
    return Shape(
        kind=kind,
        colour=list(COLOURS)[int(rng.integers(len(COLOURS)))],
        x=float(rng.uniform(edge, width - edge)),
        y=float(rng.uniform(edge, height - edge)),
        size=float(size),
    )


def _radius(kind: str, size: float) -> float:
    """Return the radius of the circle around the shape."""
    return size * _REACH[kind] * (math.sqrt(2) if kind == "square" else 1)


def _apart(one: Shape, other: Shape) -> bool:
    gap = math.hypot(one.x - other.x, one.y - other.y)
    return gap > _radius(one.kind, one.size) + _radius(other.kind, other.size) + 0.012


def render(scene: Scene, short_side: int, rng: Random) -> Image.Image:
    """Return the scene as an RGB picture: ground, colours, light and camera vary."""
    ground = 255 - rng.uniform(0, 45) - rng.uniform(0, 14, 3)
    scale = short_side * 3  # drawn three times as large: ImageDraw knows no soft edges
    size = (round(scene.width * scale), round(scene.height * scale))
    canvas = Image.new("RGB", size, _rgb(ground))
    pen = ImageDraw.Draw(canvas)
    for shape in scene.shapes:
        _draw(pen, shape, scale, _rgb(np.array(COLOURS[shape.colour]) + rng.normal(0, 9, 3)))
    pixels = canvas.resize((size[0] // 3, size[1] // 3), Image.Resampling.BOX)
    return photograph(rng, light(rng, np.asarray(pixels, np.float32)))


def _draw(pen: ImageDraw.ImageDraw, shape: Shape, scale: float, fill: tuple[int, int, int]) -> None:
    x, y, reach = shape.x * scale, shape.y * scale, shape.size * _REACH[shape.kind] * scale
    if shape.kind == "circle":
        pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill)
        return
    corners, start, stretch = _CORNERS[shape.kind]
    angles = [start + 2 * math.pi * i / corners for i in range(corners)]
    points = [
        (x + reach * stretch * math.cos(a), y + reach * stretch * math.sin(a)) for a in angles
    ]
    pen.polygon(points, fill)


def _rgb(colour: npt.NDArray[np.floating[Any]]) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in np.clip(colour, 0, 255))
    return red, green, blue
