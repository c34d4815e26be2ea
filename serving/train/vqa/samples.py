"""What the eyes learn from: drawings with all that is in them, and pictures to be refused."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from serving.train import photographs
from serving.train.camera import Random, pick
from serving.train.vqa import draw, frame, misses, negatives
from serving.train.vqa.outline import Contours
from serving.train.vqa.scene import Scene, Thing, compose, known
from serving.train.vqa.world import COLOURS, OTHER

Made = TypeVar("Made")
MOST = 12  # things in a picture of the training
# Columns of a thing: centre and size, reach to the left, top, right, bottom in pixels of the frame,
# colour, or len(COLOURS) for none of ours, and shape. -1 where there is no thing.
COLUMNS = 9
_DISCERNIBLE = 5.5  # pixels of the frame, size: a smaller near miss may be taken for one of ours
_ROUNDISH = 8.0  # the same for a polygon, which is so much like a circle


class Drawn(NamedTuple):
    """A picture, and all that is in it."""

    picture: Image.Image
    scene: Scene  # of what we know to be in it
    in_domain: float  # 1 for a drawing of nothing but our things, else 0
    attention: float = 1.0  # how much it matters where its things are: 0 where unknown ones may be


class Sample(NamedTuple):
    """One picture as the network sees it, and the truth."""

    frame: int  # in frame.FRAMES
    pixels: npt.NDArray[np.uint8]  # [*FRAMES[frame], 3]
    things: npt.NDArray[np.float32]  # [MOST, COLUMNS]
    in_domain: float  # of Drawn
    attention: float  # of Drawn


def drawing(rng: Random) -> Drawn:
    """Return a scene of our world."""
    return Drawn(*draw.picture(rng, compose(rng)), in_domain=1.0)


def near_misses(rng: Random) -> Drawn:
    """Return a picture of near misses, alone or among our things."""
    mixed = rng.uniform(0.3, 0.9) if rng.random() < 0.5 else 0.0
    kind = "polygon" if rng.random() < 0.25 else pick(rng, list(misses.LEARNED))

    def thing(rng: Random) -> tuple[int, Contours]:
        if rng.random() < mixed:
            return known(rng)
        return misses.miss(rng, kind if rng.random() < 0.6 else pick(rng, list(misses.LEARNED)))

    while True:
        drawn = Drawn(*draw.picture(rng, compose(rng, draw=thing)), in_domain=0.0)
        if _discernible(truth(drawn), kind):
            return drawn


def near_miss(rng: Random, kind: str) -> Image.Image:
    """Return a picture of near misses of one kind, learned or not."""
    while True:
        scene = compose(rng, draw=lambda rng: misses.miss(rng, kind))
        drawn = Drawn(*draw.picture(rng, scene), in_domain=0.0)
        if _discernible(truth(drawn), kind):
            return drawn.picture


def _discernible(sample: Sample, kind: str) -> bool:
    """Return whether it has near misses, all large enough to be told from our things."""
    near = sample.things[:, 8] == OTHER
    least = _ROUNDISH if kind == "polygon" else _DISCERNIBLE
    return bool(near.any() and (sample.things[near, 2] >= least).all())


def foreign_colours(rng: Random) -> Drawn:
    """Return our shapes, some of them in colours that have none of our names."""
    scene = compose(rng)
    share = rng.uniform(0.2, 1)
    things = tuple(_recoloured(rng, thing, share) for thing in scene.things)
    changed = any(thing.shape == OTHER for thing in things)
    picture, seen = draw.picture(rng, Scene(width=scene.width, height=scene.height, things=things))
    return Drawn(picture, seen, in_domain=float(not changed))


def _recoloured(rng: Random, thing: Thing, share: float) -> Thing:
    if rng.random() > share:
        return thing
    return Thing(
        x=thing.x, y=thing.y, size=thing.size, contours=thing.contours,
        colour=len(COLOURS), shape=OTHER,
    )  # fmt: skip


def refused(rng: Random) -> Drawn:
    """Return something else."""
    weights = np.array([_WEIGHTS.get(kind, 1.0) for kind in negatives.LEARNED])
    kind = str(rng.choice(list(negatives.LEARNED), p=weights / weights.sum()))
    picture = negatives.LEARNED[kind](rng)
    attention = 0.0 if kind in {"dark ground", "crowd"} else 0.3
    return Drawn(picture, Scene(width=1, height=1, things=()), 0.0, attention)


_WEIGHTS = {"photograph": 5.0, "chart": 1.5, "page": 1.5, "dark ground": 1.5, "empty": 0.6}
MIXTURE = {drawing: 0.62, near_misses: 0.22, foreign_colours: 0.03, refused: 0.13}


def truth(drawn: Drawn) -> Sample:
    """Return the picture as the network sees it and where the things of the scene lie in it."""
    scene = drawn.scene
    index, place, pixels = frame.lay(drawn.picture)
    things = np.full((MOST, COLUMNS), -1, np.float32)
    corner = np.array([1 - scene.width, 1 - scene.height]) / 2
    longer = max(place.width, place.height)
    for row, thing in zip(things, scene.things, strict=False):
        ymin, xmin, ymax, xmax = thing.box
        x, y = (np.array([thing.x, thing.y]) - corner) * longer + [place.left, place.top]
        reach = thing.x - xmin, thing.y - ymin, xmax - thing.x, ymax - thing.y
        row[:] = (
            x,
            y,
            *(longer * each for each in (thing.size, *reach)),
            thing.colour,
            thing.shape,
        )
    return Sample(index, pixels, things, drawn.in_domain, drawn.attention)


def drawn(rng: Random) -> Drawn:
    """Return one picture, by the mixture."""
    kinds = list(MIXTURE)
    return kinds[int(rng.choice(len(kinds), p=list(MIXTURE.values())))](rng)


def sample(rng: Random) -> Sample:
    """Return one picture, by the mixture, as the network sees it."""
    return truth(drawn(rng))


def dataset(count: int, seed: int) -> list[Sample]:
    """Return count samples, the same for one seed on any number of cores."""
    return list(generate(sample, count, seed))


def generate(draw: Callable[[Random], Made], count: int, seed: int) -> Iterator[Made]:
    """Yield what draw returns, count times, the same for one seed on any number of cores."""
    photographs.load("train")  # before the processes part
    jobs = [(draw, seed, start, min(250, count - start)) for start in range(0, count, 250)]
    with multiprocessing.get_context("fork").Pool() as pool:
        for part in pool.imap(_some, jobs):
            yield from part


def _some(job: tuple[Callable[[Random], Made], int, int, int]) -> list[Made]:
    draw, seed, start, count = job
    rng = np.random.default_rng([seed, start])
    return [draw(rng) for _ in range(count)]
