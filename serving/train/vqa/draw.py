"""Scenes as pictures: by other programs, other hands, on other grounds, through other cameras."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from serving.train.camera import Pixels, Random, compress, light, pick
from serving.train.vqa import outline, palette
from serving.train.vqa.outline import Contours
from serving.train.vqa.scene import Scene, Thing, tilt
from serving.train.vqa.world import COLOURS, SHAPES, SQUARE, TRIANGLE

_LEGIBLE = 4.5  # pixels, size: with less than 9 pixels across nobody knows whether a thing is round
_EDGES = (1, 2, 3, 4)  # sub-pixels each way
Mask = npt.NDArray[np.float32]  # [height, width], how much of each pixel is covered, 0..1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How the things of one picture are drawn. Lengths are shares of a thing's size."""

    finely: int  # sub-pixels, each way, that soften edges; 1 leaves them hard
    line: float  # width of the line around a thing, 0 for none
    ink: float  # brightness of that line, in brightnesses of the thing; 0 is black
    shade: float  # by how much, of 255, a thing is lighter on one side
    grain: float  # standard deviation of its texture, of 255
    rounding: float  # of corners, in shares of a side
    unsteady: float  # deviation of a hand
    shadow: float  # distance of the dropped shadow, 0 for none


def manner(rng: Random) -> Manner:
    """Return a manner: as often as not flat, clean and exact."""

    def sometimes(share: float, low: float, high: float) -> float:
        return float(rng.uniform(low, high)) if rng.random() < share else 0.0

    return Manner(
        finely=pick(rng, _EDGES),
        line=sometimes(0.3, 0.04, 0.2),
        ink=sometimes(0.6, 0.3, 0.8),
        shade=sometimes(0.2, 5, 35),
        grain=sometimes(0.15, 2, 14),
        rounding=sometimes(0.15, 0.03, 0.16),
        unsteady=sometimes(0.07, 0.005, 0.025),
        shadow=sometimes(0.13, 0.08, 0.35),
    )


def flat(rng: Random) -> Manner:
    """Return a manner without anything but edges, hard or soft."""
    return Manner(
        finely=pick(rng, _EDGES),
        line=0, ink=0, shade=0, grain=0, rounding=0, unsteady=0, shadow=0,
    )  # fmt: skip


def picture(
    rng: Random,
    scene: Scene,
    *,
    side: int | None = None,
    ground: Callable[[Random], palette.Colour] = palette.ground,
    plain: bool = False,
) -> tuple[Image.Image, Scene]:
    """Return an RGB picture whose longer side has that many pixels, and the scene in it.

    The scene is the one that came in, or is seen a little askew. plain: as a drawing program saves
    it, in flat colours on an even ground, and never askew.
    """
    longer = side or max(random_side(rng), legible_side(scene))
    if not plain and rng.random() < 0.2:
        scene = tilt(rng, scene, 0.12)
    size = max(1, round(scene.height * longer)), max(1, round(scene.width * longer))
    colour = ground(rng)
    pixels = even(size, colour) if plain else sheet(rng, size, colour)
    how = flat(rng) if plain else manner(rng)
    drawn = [_Drawn.of(rng, thing, scene, longer, how) for thing in scene.things]
    for each in drawn:
        each.drop_shadow(rng, pixels)
    for each in drawn:
        each.fill(rng, pixels, colour)
    return as_image(pixels) if plain else shoot(rng, pixels), scene


def random_side(rng: Random) -> int:
    """Return a longer side from 96 pixels; few large ones, which look like others when scaled."""
    most = 1200 if rng.random() < 0.03 else 420
    return round(math.exp(rng.uniform(math.log(96), math.log(most))))


def legible_side(scene: Scene) -> int:
    """Return the longer side from which on all things can be told apart."""
    return math.ceil(_LEGIBLE / min((each.size for each in scene.things), default=1.0))


def even(size: tuple[int, int], colour: palette.Colour) -> Pixels:
    """Return a ground of one colour; size: height, width."""
    return np.broadcast_to(colour, (*size, 3)).astype(np.float32)


def sheet(rng: Random, size: tuple[int, int], colour: palette.Colour) -> Pixels:
    """Return the ground: even, or lighter on one side, or with the grain of paper."""
    pixels = even(size, colour)
    if rng.random() < 0.15:
        y, x = np.ogrid[-1 : 1 : size[0] * 1j, -1 : 1 : size[1] * 1j]
        slope = x * rng.uniform(-1, 1) + y * rng.uniform(-1, 1)
        pixels -= (12 + 12 * slope[..., None]) * rng.uniform(0.2, 1, 3)
    if rng.random() < 0.15:
        pixels += rng.normal(0, rng.uniform(1, 6), (*size, 1))
    return pixels.astype(np.float32)


def shoot(rng: Random, pixels: Pixels) -> Image.Image:
    """Return the picture as it is saved: as drawn, or photographed, and perhaps compressed."""
    if rng.random() < 0.3:
        pixels = light(rng, pixels)
    if rng.random() < 0.5:
        pixels = pixels + rng.normal(0, rng.uniform(0, 9), pixels.shape).astype(np.float32)
    image = as_image(pixels)
    if rng.random() < 0.2:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.3)))
    return compress(image, int(rng.integers(30, 97))) if rng.random() < 0.6 else image


def as_image(pixels: Pixels) -> Image.Image:
    """Return the pixels as they are."""
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """A thing and the part of the picture that it lies in."""

    thing: Thing
    how: Manner
    window: tuple[slice, slice]  # rows, columns
    whole: Mask
    inner: Mask  # without the line around it
    length: float  # size in pixels

    @classmethod
    def of(cls, rng: Random, thing: Thing, scene: Scene, side: int, how: Manner) -> _Drawn:
        contours = tuple(_drawn(rng, each, thing.shape, how, thing.size) for each in thing.contours)
        corner = np.array([1 - scene.width, 1 - scene.height]) / 2
        placed = tuple((each - corner) * side for each in contours)
        points = np.concatenate(placed)
        low = np.maximum(np.floor(points.min(axis=0)).astype(int) - 1, 0)
        high = np.ceil(points.max(axis=0)).astype(int) + 2
        high = np.minimum(high, [round(scene.width * side), round(scene.height * side)])
        centre = (np.array([thing.x, thing.y]) - corner) * side
        within = tuple(centre + (1 - how.line) * (each - centre) for each in placed)
        shape = int(high[1] - low[1]), int(high[0] - low[0])
        return cls(
            thing=thing,
            how=how,
            window=(slice(low[1], high[1]), slice(low[0], high[0])),
            whole=cover(tuple(each - low for each in placed), shape, how.finely),
            inner=cover(tuple(each - low for each in within), shape, how.finely),
            length=thing.size * side,
        )

    def drop_shadow(self, rng: Random, pixels: Pixels) -> None:
        """Darken the ground beside the thing."""
        distance = round(self.how.shadow * self.length)
        if not distance:
            return
        rows, columns = self.window
        bottom, right = rows.start + distance, columns.start + distance
        room = pixels[bottom : rows.stop + distance, right : columns.stop + distance]
        soft = Image.fromarray((self.whole * 255).astype(np.uint8))
        soft = soft.filter(ImageFilter.GaussianBlur(distance * rng.uniform(0.1, 0.6)))
        shadow = np.asarray(soft, np.float32)[: room.shape[0], : room.shape[1], None] / 255
        room *= 1 - shadow * rng.uniform(0.15, 0.45)

    def fill(self, rng: Random, pixels: Pixels, ground: palette.Colour) -> None:
        """Paint the thing, and the line around it."""
        foreign = self.thing.colour >= len(COLOURS)
        colour = palette.foreign(rng) if foreign else palette.paint(rng, self.thing.colour, ground)
        room = pixels[self.window]
        if self.how.line:
            _lay(room, self.whole, colour * self.how.ink)
        _lay(room, self.inner, colour + self._surface(rng, room.shape))

    def _surface(self, rng: Random, shape: tuple[int, ...]) -> Pixels:
        """Return what makes a surface uneven: float32, around 0."""
        y, x = np.ogrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
        angle = rng.uniform(0, 2 * math.pi)
        slope = (x * math.cos(angle) + y * math.sin(angle)) * self.how.shade
        grain = rng.normal(0, self.how.grain, shape[:2]) if self.how.grain else 0.0
        return np.asarray(slope + grain, np.float32)[..., None]


def _drawn(
    rng: Random, contour: outline.Points, shape: int, how: Manner, size: float
) -> outline.Points:
    if how.rounding and shape in {SQUARE, TRIANGLE} and len(contour) <= len(SHAPES) + 1:
        contour = outline.soften(contour, how.rounding)
    return outline.shake(rng, contour, how.unsteady * size) if how.unsteady else contour


def cover(contours: Contours, shape: tuple[int, int], finely: int) -> Mask:
    """Return how much of each pixel lies within the contours, which cut holes in one another."""
    size = shape[1] * finely, shape[0] * finely
    total = Image.new("L", size, 0)
    for contour in contours:
        layer = Image.new("L", size, 0)
        # ImageDraw's whole numbers are the middles of pixels.
        points = [(x * finely - 0.5, y * finely - 0.5) for x, y in contour.tolist()]
        ImageDraw.Draw(layer).polygon(points, 255)
        total = ImageChops.difference(total, layer)
    return np.asarray(total.reduce(finely), np.float32) * np.float32(1 / 255)


def _lay(room: Pixels, mask: Mask, colour: npt.NDArray[np.float32]) -> None:
    weight = mask[..., None]
    room *= 1 - weight
    room += weight * colour
