"""Near misses: drawn things that are no circle, square or triangle, though they look like one.

The model learns from the kinds in LEARNED and is judged by those in HELD_OUT as well. None has a
size or turn of its own: contours are of the area of the unit circle, around 0.
"""

from __future__ import annotations

import functools
import math
import string
from collections.abc import Callable

import numpy as np

from serving.train.camera import Random, pick
from serving.train.digits import fonts
from serving.train.vqa.outline import (
    Contours,
    Points,
    draw,
    hull,
    measure,
    regular,
    soften,
    turn,
)
from serving.train.vqa.world import OTHER, SHAPES

Shape = Callable[[Random], Contours]


def polygon(rng: Random) -> Contours:
    """Return a regular polygon of five to eight sides."""
    return (regular(pick(rng, (5, 5, 6, 6, 6, 7, 8))),)


def star(rng: Random) -> Contours:
    """Return a star of four to nine points."""
    count, depth = pick(rng, (4, 5, 5, 5, 6, 6, 7, 8, 9)), rng.uniform(0.3, 0.65)
    return (_around(np.where(np.arange(2 * count) % 2, depth, 1.0)),)


def cross(rng: Random) -> Contours:
    """Return a plus."""
    a, b = rng.uniform(0.18, 0.42), rng.uniform(0.8, 1.25)
    points = [(a, -1), (a, -a), (b, -a), (b, a), (a, a), (a, 1)]
    return (np.array([*points, *((-x, -y) for x, y in points)]),)


def bar(rng: Random) -> Contours:
    """Return an oblong."""
    long = math.exp(rng.uniform(math.log(1.55), math.log(8)))
    return (np.array([(-long, -1), (long, -1), (long, 1), (-long, 1)]),)


def ellipse(rng: Random) -> Contours:
    """Return an ellipse that nobody takes for a circle."""
    return (regular(40) * [rng.uniform(1.45, 4), 1],)


def hollow(rng: Random) -> Contours:
    """Return a ring, or the frame of a square or triangle."""
    outer = draw(rng, int(rng.integers(len(SHAPES))))
    return outer, outer * rng.uniform(0.45, 0.85)


def sector(rng: Random) -> Contours:
    """Return a slice of a disc: from a quarter to a disc with a mouth."""
    angles = np.linspace(0, rng.uniform(0.22, 0.88) * 2 * math.pi, 30)
    return (np.stack([np.r_[0, np.cos(angles)], np.r_[0, np.sin(angles)]], axis=1),)


def dome(rng: Random) -> Contours:
    """Return a disc cut off at one side, or with two flat ones."""
    points = regular(60)
    low, high = points.min(axis=0), points.max(axis=0)
    low[1] *= rng.uniform(-0.2, 0.6)
    if low[1] < 0 and rng.random() < 0.4:
        high[1] *= rng.uniform(0.1, 0.6)
    return (np.clip(points, low, high),)


def quadrilateral(rng: Random) -> Contours:
    """Return a trapezium, a rhombus, a parallelogram or a kite."""
    a, b = rng.uniform(0.25, 0.65), rng.uniform(1.5, 2.6)
    shapes = (
        [(-a, -0.8), (a, -0.8), (1.1, 0.8), (-1.1, 0.8)],
        [(-1, 0), (0, -b), (1, 0), (0, b)],
        [(-1 - a, 0.8), (1 - a, 0.8), (1 + a, -0.8), (-1 + a, -0.8)],
        [(-1, 0), (0, -a), (1, 0), (0, b)],
    )
    return (np.array(pick(rng, shapes)),)


def corner(rng: Random) -> Contours:
    """Return an L, a T or a staircase."""
    a, b = rng.uniform(0.5, 1.2), rng.uniform(0.5, 1.2)
    shapes = (
        [(0, 0), (a, 0), (a, 2 - b), (2, 2 - b), (2, 2), (0, 2)],
        [(-2, 0), (2, 0), (2, b), (a / 2, b), (a / 2, 4), (-a / 2, 4), (-a / 2, b), (-2, b)],
        [(0, 0), (a / 2, 0), (a / 2, 0.7), (a, 0.7), (a, 1.4), (2, 1.4), (2, 2), (0, 2)],
    )  # fmt: skip
    return (np.array(pick(rng, shapes), np.float64),)


def lump(rng: Random) -> Contours:
    """Return a soft lump: a disc with waves around it."""
    angles = np.linspace(0, 2 * math.pi, 60, endpoint=False)
    radius = np.ones(60)
    for waves in rng.choice(np.arange(2, 8), int(rng.integers(1, 4)), replace=False):
        radius += rng.uniform(0.1, 0.32) * np.cos(waves * angles + rng.uniform(0, 6.3))
    return (_around(np.maximum(radius, 0.2)),)


def splinter(rng: Random) -> Contours:
    """Return an irregular polygon of five to ten corners, somewhere pointing inwards."""
    radius = rng.uniform(0.35, 1.1, int(rng.integers(5, 11)))
    radius[int(rng.integers(len(radius)))] = 0.3
    points = _around(radius)
    return (soften(points, rng.uniform(0.1, 0.45)) if rng.random() < 0.4 else points,)


def joined(rng: Random) -> Contours:
    """Return a mirror image of itself: any outline from top to bottom and its reflection."""
    steps = int(rng.integers(4, 8))
    half = np.stack([rng.uniform(0.1, 1.2, steps), np.linspace(-1, 1, steps)], axis=1)
    half[int(rng.integers(1, steps - 1)), 0] = rng.uniform(0.1, 0.25)
    points = np.concatenate([half, half[::-1] * [-1, 1]])
    return (soften(points, 0.45) if rng.random() < 0.5 else points,)


def glyph(rng: Random) -> Contours:
    """Return a letter, a digit or a sign."""
    letters = string.ascii_letters.replace("o", "").replace("O", "") + string.digits + "#$%&@?!+="
    return _typeset(pick(rng, letters), pick(rng, fonts()))


def heart(rng: Random) -> Contours:
    """Return a heart."""
    t = np.linspace(0, 2 * math.pi, 60, endpoint=False)
    y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))
    return (np.stack([16 * np.sin(t) ** 3 * rng.uniform(0.85, 1.15), y], axis=1),)


def crescent(rng: Random) -> Contours:
    """Return a moon."""
    t = np.linspace(0.6, 2 * math.pi - 0.6, 40)
    back = np.stack([np.cos(t), np.sin(t)], axis=1)
    return (np.concatenate([back, back[::-1] * [rng.uniform(0.1, 0.7), 1]]),)


def arrow(rng: Random) -> Contours:
    """Return an arrow."""
    a, b = rng.uniform(0.2, 0.45), rng.uniform(0, 0.6)
    upper = [(-1.2, -a), (b, -a), (b, -1), (1.3, 0)]
    return (np.array([*upper, *((x, -y) for x, y in upper[2::-1])]),)


def drop(rng: Random) -> Contours:
    """Return a drop of water."""
    t = np.linspace(0, 2 * math.pi, 50, endpoint=False)
    y = -np.cos(t) * rng.uniform(1.1, 1.5)
    return (np.stack([np.sin(t) * np.sin(t / 2) ** rng.uniform(1.3, 2.2), y], axis=1),)


def gear(rng: Random) -> Contours:
    """Return a cogwheel with a hole."""
    teeth = int(rng.integers(6, 11))
    radius = np.where(np.arange(4 * teeth) % 4 < 2, 1.0, rng.uniform(0.65, 0.8))
    return _around(radius), regular(30) * rng.uniform(0.2, 0.4)


def lightning(rng: Random) -> Contours:
    """Return a bolt."""
    a = rng.uniform(0.8, 1.2)
    points = [(0.3, -1.4), (-0.8 * a, 0.2), (-0.1, 0.2), (-0.4, 1.4), (0.8 * a, -0.3), (0.1, -0.3)]
    return (np.array(points),)


def symbol(rng: Random) -> Contours:
    """Return a pictogram: a face, a note, a card's suit, a snowman, a hand and so on."""
    return _typeset(pick(rng, "☺☹♪♫♠♣♥♞☎✂✈✉☂☃☀☕⚓✌⚙❄➜✔✖☯"), fonts()[0])


LEARNED: dict[str, Shape] = {
    "polygon": polygon, "star": star, "cross": cross, "bar": bar, "ellipse": ellipse,
    "hollow": hollow, "sector": sector, "dome": dome, "quadrilateral": quadrilateral,
    "corner": corner, "lump": lump, "splinter": splinter, "joined": joined, "glyph": glyph,
}  # fmt: skip
HELD_OUT: dict[str, Shape] = {
    "heart": heart, "crescent": crescent, "arrow": arrow, "drop": drop, "gear": gear,
    "lightning": lightning, "symbol": symbol,
}  # fmt: skip


def miss(rng: Random, kind: str) -> tuple[int, Contours]:
    """Return world.OTHER and the contours of a near miss, turned now and then."""
    contours = {**LEARNED, **HELD_OUT}[kind](rng)
    angle = rng.normal(0, 0.1) if rng.random() < 0.6 else rng.uniform(0, 2 * math.pi)
    return OTHER, _settled(tuple(turn(each, angle) for each in contours))


def _settled(contours: Contours) -> Contours:
    """Move and scale the contours by what surrounds them."""
    centre, area = measure(hull(contours))
    return tuple((each - centre) * math.sqrt(math.pi / area) for each in contours)


def _around(radius: Points) -> Points:
    """Return the outline that lies so far from 0, all around."""
    angles = 2 * math.pi * np.arange(len(radius)) / len(radius) - math.pi / 2
    points: Points = radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return points


@functools.cache
def _typeset(text: str, font: str) -> Contours:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    path = TextPath((0, 0), text, prop=FontProperties(fname=font))
    contours = [np.array(each)[:-1] * [1, -1] for each in path.to_polygons()]
    return tuple(sorted((each for each in contours if len(each) > 2), key=lambda c: -measure(c)[1]))
