"""Outlines: the many ways to draw a circle, a square or a triangle, as polygons."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from serving.train.camera import Random
from serving.train.vqa.world import CIRCLE, SQUARE

Points = npt.NDArray[np.float64]  # [n, 2], x and y; y points down
Contours = tuple[Points, ...]  # the outer one first; the others cut holes
_ROUND = 40  # corners that stand for a circle
_ANGLES = np.arange(24) * 2 * math.pi / 24
_DIRECTIONS = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)])


def draw(rng: Random, shape: int) -> Points:
    """Return an outline of the area of the unit circle, with its centre of gravity at 0."""
    if shape == CIRCLE:
        return regular(_ROUND)
    points = regular(4) if shape == SQUARE else _triangle(rng)
    return settle(turn(points, _angle(rng, upright=0.65 if shape == SQUARE else 0.4)))


def regular(count: int) -> Points:
    """Return a regular polygon that stands on one of its sides, of the area of the unit circle."""
    angles = math.pi / 2 + math.pi / count + 2 * math.pi * np.arange(count) / count
    return settle(np.stack([np.cos(angles), np.sin(angles)], axis=1))


def _triangle(rng: Random) -> Points:
    """Return a triangle that stands on its base: equilateral, isosceles, right-angled or any."""
    kind = rng.random()
    if kind < 0.4:
        return regular(3)
    if kind < 0.75:
        return np.array([(-1, 0), (1, 0), (0, -rng.uniform(1.0, 2.6))])
    if kind < 0.9:
        return np.array([(0, 0), (1, 0), (0, -rng.uniform(0.6, 1.7))])
    return np.array([(-1, 0), (1, 0), (rng.uniform(-1.1, 1.1), -rng.uniform(1.0, 2.0))])


def _angle(rng: Random, upright: float) -> float:
    """Return a turn: none or a quarter or a half mostly, a slight one, or any."""
    kind = rng.random()
    if kind < upright:
        return math.pi * int(rng.integers(2)) if rng.random() < 0.4 else 0.0
    if kind < (1 + upright) / 2:
        return float(rng.normal(0, 0.12))
    return float(rng.uniform(0, 2 * math.pi))


def turn(points: Points, angle: float) -> Points:
    """Return the outline turned about 0."""
    cosine, sine = math.cos(angle), math.sin(angle)
    turned: Points = points @ np.array([[cosine, sine], [-sine, cosine]])
    return turned


def settle(points: Points) -> Points:
    """Return the outline moved and scaled: centre of gravity at 0, area of the unit circle."""
    centre, area = measure(points)
    return (points - centre) * math.sqrt(math.pi / area)


def measure(points: Points) -> tuple[Points, float]:
    """Return centre of gravity and area."""
    x, y = points.T
    next_x, next_y = np.roll(x, -1), np.roll(y, -1)
    cross = x * next_y - next_x * y
    area = cross.sum() / 2
    centre = np.array([((x + next_x) * cross).sum(), ((y + next_y) * cross).sum()]) / (6 * area)
    return centre, abs(float(area))


def soften(points: Points, share: float) -> Points:
    """Return the outline with each corner rounded, over that share of its two sides."""
    before = points + share * (np.roll(points, 1, axis=0) - points)
    after = points + share * (np.roll(points, -1, axis=0) - points)
    steps = np.linspace(0, 1, 5)[:, None, None]
    curves = (1 - steps) ** 2 * before + 2 * steps * (1 - steps) * points + steps**2 * after
    return curves.transpose(1, 0, 2).reshape(-1, 2)


def shake(rng: Random, points: Points, amount: float) -> Points:
    """Return the outline as an unsteady hand draws it; amount is the deviation."""
    steps = np.linspace(0, 1, 4, endpoint=False)[:, None, None]
    finer = (points + steps * (np.roll(points, -1, axis=0) - points)).transpose(1, 0, 2)
    finer = finer.reshape(-1, 2)
    return finer + rng.normal(0, amount, finer.shape)


def hull(contours: Contours) -> Points:
    """Return a convex outline around contours: the points that are outermost in 24 directions."""
    points = np.concatenate(contours)
    outermost = (points @ _DIRECTIONS).argmax(axis=0)
    around: Points = points[outermost[outermost != np.roll(outermost, 1)]]
    return around


def apart(one: Points, other: Points, gap: float) -> bool:
    """Return whether some line with that gap parts two convex outlines (separating axes)."""
    low, high = one.min(axis=0), one.max(axis=0)
    other_low, other_high = other.min(axis=0), other.max(axis=0)
    if (low > other_high + gap).any() or (other_low > high + gap).any():
        return True
    return _parted(one, other, gap) or _parted(other, one, gap)


def _parted(one: Points, other: Points, gap: float) -> bool:
    sides = np.roll(one, -1, axis=0) - one
    normals: npt.NDArray[Any] = np.stack([sides[:, 1], -sides[:, 0]], axis=1)
    normals = normals / np.linalg.norm(normals, axis=1, keepdims=True)
    mine, others = one @ normals.T, other @ normals.T
    return bool(
        (
            (mine.min(axis=0) > others.max(axis=0) + gap)
            | (others.min(axis=0) > mine.max(axis=0) + gap)
        ).any()
    )
