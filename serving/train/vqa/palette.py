"""What people call red, orange and so on, and colours that have none of our eight names.

Between two names lies a gap that no drawing uses: whether it is one or the other, people disagree.
"""

from __future__ import annotations

import colorsys

import numpy as np
import numpy.typing as npt

from serving.train.camera import Random, pick
from serving.train.vqa.world import COLOURS, RGB

Colour = npt.NDArray[np.float32]  # [3], RGB, 0..255
Range = tuple[float, float]
Box = tuple[Range, Range, Range]  # hue in degrees (below 0: from the other end), saturation, value

_BOXES: dict[str, tuple[Box, ...]] = {
    "red": (((-14, 8), (0.72, 1), (0.62, 1)),),
    "orange": (((19, 37), (0.72, 1), (0.87, 1)),),
    "yellow": (((46, 62), (0.6, 1), (0.85, 1)),),
    "green": (((85, 155), (0.45, 1), (0.35, 0.9)), ((105, 140), (0.4, 1), (0.5, 1))),
    "blue": (((204, 244), (0.55, 1), (0.5, 1)), ((200, 222), (0.5, 0.85), (0.75, 1))),
    "purple": (((259, 294), (0.45, 1), (0.4, 0.9)), ((294, 304), (0.6, 1), (0.35, 0.68))),
    "pink": (((318, 340), (0.28, 0.9), (0.88, 1)), ((335, 362), (0.2, 0.45), (0.92, 1))),
    "black": (((0, 360), (0, 0.4), (0, 0.17)),),
}
# Names that drawing programs and web pages know, where they are no matter of taste.
_NAMED: dict[str, tuple[str, ...]] = {
    "red": ("#ff0000", "#dc143c", "#e53935", "#f44336", "#cc0000", "#b22222"),
    "orange": ("#ffa500", "#ff8c00", "#ff9800", "#fb8c00", "#ff7f0e", "#f39c12"),
    "yellow": ("#ffff00", "#ffd700", "#ffeb3b", "#fdd835", "#f1c40f"),
    "green": ("#008000", "#00ff00", "#4caf50", "#228b22", "#2ca02c", "#32cd32", "#00a650"),
    "blue": ("#0000ff", "#1e90ff", "#2196f3", "#1f77b4", "#4169e1", "#0047ab", "#000080"),
    "purple": ("#800080", "#9c27b0", "#9467bd", "#6a0dad", "#8a2be2", "#7b1fa2", "#6f42c1"),
    "pink": ("#ffc0cb", "#ff69b4", "#ffb6c1", "#f48fb1", "#ff80ab", "#ff85c0"),
    "black": ("#000000", "#111111", "#222222", "#1a1a1a"),
}
_FOREIGN: tuple[Box, ...] = (
    ((0, 360), (0, 0.12), (0.38, 0.68)),  # grey
    ((15, 32), (0.45, 0.85), (0.3, 0.58)),  # brown
    ((172, 186), (0.4, 1), (0.55, 0.9)),  # teal
)
_CONTRAST = 85.0  # distance of a thing from its ground, in RGB: clearly to be seen


def ground(rng: Random) -> Colour:
    """Return the colour of a light ground: white, paper or a pale tint."""
    kind = rng.random()
    if kind < 0.3:
        return np.full(3, 255 - rng.uniform(0, 12), np.float32)
    if kind < 0.6:
        return _clipped(255 - rng.uniform(0, 50) - rng.uniform(0, 16, 3))
    return _mixed(rng, ((0, 360), (0.02, 0.3), (0.84, 1)))


def dark(rng: Random) -> Colour:
    """Return the colour of a ground that is not light."""
    return _mixed(rng, ((0, 360), (0, 0.9), (0.02, 0.55)))


def paint(rng: Random, colour: int, ground: Colour) -> Colour:
    """Return a colour of that name, as far from the ground as need be."""
    for _ in range(30):
        chosen = _some(rng, colour)
        if np.linalg.norm(chosen - ground) > _CONTRAST:
            return chosen
    return np.array(RGB[colour], np.float32)


def foreign(rng: Random) -> Colour:
    """Return a colour for which we have no name."""
    return _mixed(rng, pick(rng, _FOREIGN))


def _some(rng: Random, colour: int) -> Colour:
    name, kind = COLOURS[colour], rng.random()
    if kind < 0.35:
        return _clipped(np.array(RGB[colour]) + rng.normal(0, 9, 3))
    if kind < 0.6:
        return np.array(list(bytes.fromhex(pick(rng, _NAMED[name])[1:])), np.float32)
    return _mixed(rng, pick(rng, _BOXES[name]))


def _mixed(rng: Random, box: Box) -> Colour:
    hue, saturation, value = (rng.uniform(*each) for each in box)
    parts = colorsys.hsv_to_rgb(hue / 360 % 1, saturation, value)
    return np.array([255 * part for part in parts], np.float32)


def _clipped(colour: npt.NDArray[np.floating]) -> Colour:
    clipped: Colour = np.clip(colour, 0, 255).astype(np.float32)
    return clipped
