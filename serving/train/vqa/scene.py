"""Scenes: one to seven things, side by side on a canvas of any proportions.

Lengths are in longer sides of the canvas, so that distances are true. Their origin is the top left
corner of the square into which the canvas fits, with the canvas in its middle: a canvas of width 1
and height 0.5 goes from y = 0.25 to y = 0.75.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from serving.train.camera import Random
from serving.train.vqa import outline
from serving.train.vqa.outline import Contours, Points
from serving.train.vqa.world import COLOURS, MOST, SHAPES

Draw = Callable[[Random], tuple[int, Contours]]  # -> shape, contours of unit size around 0

_THROWS = 60  # at one place for one thing, before the thing is made smaller
_LEAST = 0.022  # size, in sides of a square as large as the canvas: specks have no shape
_WIDEST = math.log(4.2)  # a bit beyond 4:1, so that 4:1 is no edge of what is learned


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One thing in a scene."""

    x: float  # of its centre of gravity
    y: float
    size: float  # radius of the circle of equal area
    colour: int  # index in world.COLOURS
    shape: int  # index in world.SHAPES, or world.OTHER
    contours: Contours = ()  # what to draw: the first is the outer one, the others cut holes

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Return ymin, xmin, ymax, xmax of what is drawn."""
        points = np.concatenate(self.contours)
        (xmin, ymin), (xmax, ymax) = points.min(axis=0), points.max(axis=0)
        return float(ymin), float(xmin), float(ymax), float(xmax)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Things that do not overlap, on a canvas; the longer of width and height is 1."""

    width: float
    height: float
    things: tuple[Thing, ...]

    def parts(self, x: float, y: float) -> tuple[float, float]:
        """Return a place as parts of the canvas' own width and height, 0..1."""
        return (
            (x - (1 - self.width) / 2) / self.width,
            (y - (1 - self.height) / 2) / self.height,
        )


def known(rng: Random) -> tuple[int, Contours]:
    """Return one of our shapes."""
    shape = int(rng.integers(len(SHAPES)))
    return shape, (outline.draw(rng, shape),)


def compose(
    rng: Random, *, count: int | None = None, aspect: float | None = None, draw: Draw = known
) -> Scene:
    """Return a random scene of count things, 1 to 7; aspect is width / height, 1:4 to 4:1."""
    ratio = aspect or random_aspect(rng)
    canvas = np.array([1, 1 / ratio] if ratio >= 1 else [ratio, 1])
    wanted = count or int(rng.integers(1, MOST + 1))
    things: list[Thing] = []
    for size in sorted(_sizes(rng, wanted, canvas), reverse=True):  # the large ones need the room
        things.append(_place(rng, size, canvas, things, draw))
    return Scene(
        width=float(canvas[0]),
        height=float(canvas[1]),
        things=tuple(things[i] for i in rng.permutation(len(things))),
    )


def random_aspect(rng: Random) -> float:
    """Return a width / height: now and then square, else up to 4:1 either way."""
    return 1.0 if rng.random() < 0.35 else float(np.exp(rng.uniform(-_WIDEST, _WIDEST)))


def _sizes(rng: Random, count: int, canvas: Points) -> list[float]:
    """Return sizes as people draw: much alike in a scene, or as different as the room allows."""
    short, area = canvas.min(), canvas.prod()
    unit = short ** rng.uniform(0.5, 1.0)
    most = min(0.25 * short, 0.36 * math.sqrt(area / count))
    if rng.random() < 0.5:
        low, high = 0.05 * unit, 0.11 * unit
    else:
        low = unit * math.exp(rng.uniform(math.log(0.03), math.log(0.16)))
        high = low * rng.uniform(1.1, 4)
    drawn = np.exp(rng.uniform(math.log(low), math.log(high), count))
    drawn = np.maximum(drawn, _LEAST * math.sqrt(area))
    return [float(size) for size in np.minimum(drawn, most * rng.uniform(0.85, 1, count))]


def _place(rng: Random, size: float, canvas: Points, taken: list[Thing], draw: Draw) -> Thing:
    """Return a thing that touches no other; smaller than size where there is no room."""
    gap = abs(rng.normal(0, 0.012))
    shape, unit = draw(rng)
    while True:
        hull = size * outline.hull(unit)
        low, room = hull.min(axis=0), canvas - np.ptp(hull, axis=0)
        for _ in range(_THROWS if (room > 0).all() else 0):
            centre = (1 - canvas) / 2 - low + rng.uniform(0, 1, 2) * room
            around = hull + centre
            if all(outline.apart(around, outline.hull(each.contours), gap) for each in taken):
                return _thing(rng, shape, size, centre, unit)
        size, gap = size * 0.9, gap * 0.7


def _thing(rng: Random, shape: int, size: float, centre: Points, unit: Contours) -> Thing:
    return Thing(
        x=float(centre[0]),
        y=float(centre[1]),
        size=size,
        colour=int(rng.integers(len(COLOURS))),
        shape=shape,
        contours=tuple(size * contour + centre for contour in unit),
    )


def tilt(rng: Random, scene: Scene, most: float) -> Scene:
    """Return the scene as seen a little askew: turned, and one side farther than the other.

    It stays as it is where a thing would leave the canvas.
    """
    angle, away = rng.normal(0, most / 2), rng.uniform(-most, most, 2)

    def move(points: Points) -> Points:
        turned = outline.turn(points - 0.5, angle)
        return 0.5 + turned / (1 + turned @ away)[:, None]

    seen = tuple(_moved(each, move) for each in scene.things)
    inside = all(_inside(scene, each) for each in seen)
    return dataclasses.replace(scene, things=seen) if inside else scene


def _inside(scene: Scene, thing: Thing) -> bool:
    ymin, xmin, ymax, xmax = thing.box
    places = (*scene.parts(xmin, ymin), *scene.parts(xmax, ymax))
    return min(places) >= 0 and max(places) <= 1


def _moved(thing: Thing, move: Callable[[Points], Points]) -> Thing:
    contours = tuple(move(contour) for contour in thing.contours)
    centre, area = outline.measure(contours[0])
    before = outline.measure(thing.contours[0])[1]
    size = thing.size * math.sqrt(area / before)
    return dataclasses.replace(
        thing, x=float(centre[0]), y=float(centre[1]), size=size, contours=contours
    )
