"""How well the eyes see: scenes they find again whole, and pictures they refuse, kind by kind.

Every picture goes in as the bytes of a JPEG, PNG or WebP file and was drawn with another seed than
those of the training.
"""

from __future__ import annotations

import dataclasses
import io
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from PIL import Image

from serving.train.camera import Random, pick
from serving.train.vqa import draw, misses, negatives, samples
from serving.train.vqa.eyes import Eyes, Objects
from serving.train.vqa.outline import Contours
from serving.train.vqa.samples import Drawn
from serving.train.vqa.scene import Scene, compose, known

SEED = 60_601  # of the judging
ASPECTS = (0.25, 0.4, 0.67, 1.0, 1.5, 2.5, 4.0)  # width / height
SIDES = (96, 128, 192, 300, 480, 800, 1200)  # pixels, the longer one
IN_DOMAIN = 0.5  # from which a picture is taken for a drawing of our things
_BATCH = 16

Draw = Callable[[Random], Image.Image]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table: of so many pictures, so many were right."""

    kind: str
    number: int
    whole: float | None  # share of scenes found with every thing, colour, shape and place
    accepted: float  # share taken for drawings of our things
    size_error: float | None = None  # median, in shares of the true size


def encode(rng: Random, image: Image.Image) -> bytes:
    """Return a file: JPEG of quality 30 to 95, PNG or WebP."""
    file, kind = io.BytesIO(), pick(rng, ("JPEG", "JPEG", "PNG", "WEBP"))
    image.save(file, kind, **({} if kind == "PNG" else {"quality": int(rng.integers(30, 96))}))
    return file.getvalue()


def see(eyes: Eyes, files: Iterable[bytes]) -> Iterator[Objects]:
    """Yield what is in each picture, as arrays without [n]."""
    waiting = list(files)
    for start in range(0, len(waiting), _BATCH):
        seen = [each.numpy() for each in eyes.look(tf.constant(waiting[start : start + _BATCH]))]
        yield from (Objects(*rows) for rows in zip(*seen, strict=True))


def whole(scene: Scene, seen: Objects) -> bool:
    """Return whether all things and no others were found: colour, shape, and place to within 2 %.

    The place of a small thing, to within half its size.
    """
    rows = np.flatnonzero(seen.kept)
    if len(rows) != len(scene.things):
        return False
    return len({_row(thing, seen, rows) for thing in scene.things} - {None}) == len(rows)


def _row(thing: Any, seen: Objects, rows: npt.NDArray[np.int64]) -> int | None:
    """Return the row of the thing, if it is right."""
    away = np.hypot(seen.x[rows] - thing.x, seen.y[rows] - thing.y)
    row = int(rows[away.argmin()])
    right = (
        away.min() < min(0.02, thing.size / 2)
        and seen.colour_probs[row].argmax() == thing.colour
        and seen.shape_probs[row].argmax() == thing.shape
    )
    return row if right else None


def judge_scenes(
    eyes: Eyes, kind: str, count: int, *, aspect: float | None = None, side: int | None = None
) -> Row:
    """Return how many new scenes are found whole, of one aspect or size or of any."""
    rng = np.random.default_rng([SEED, round(100 * (aspect or 0)), side or 0])
    drawn = [draw.picture(rng, compose(rng, aspect=aspect), side=side) for _ in range(count)]
    seen = list(see(eyes, (encode(rng, image) for image, _ in drawn)))
    scenes = [scene for _, scene in drawn]
    right = [whole(scene, each) for scene, each in zip(scenes, seen, strict=True)]
    return Row(
        kind=kind,
        number=count,
        whole=float(np.mean(right)),
        accepted=_accepted(seen),
        size_error=_size_error(scenes, seen),
    )


def _size_error(scenes: Sequence[Scene], seen: Sequence[Objects]) -> float:
    errors = []
    for scene, each in zip(scenes, seen, strict=True):
        for thing in scene.things:
            row = _row(thing, each, np.flatnonzero(each.kept)) if each.kept.any() else None
            errors += [] if row is None else [abs(each.size[row] / thing.size - 1)]
    return float(np.median(errors)) if errors else math.nan


def _accepted(seen: Sequence[Objects]) -> float:
    return float(np.mean([each.in_domain >= IN_DOMAIN for each in seen]))


def judge_strangers(eyes: Eyes, kind: str, count: int, draw: Draw, seed: int = SEED) -> Row:
    """Return how many pictures of one kind, all to be refused, are taken for drawings of ours."""
    rng = np.random.default_rng([seed, *kind.encode()])
    seen = list(see(eyes, (encode(rng, draw(rng)) for _ in range(count))))
    return Row(kind=kind, number=count, whole=None, accepted=_accepted(seen))


def near_miss(kind: str, *, mixed: bool = False) -> Draw:
    """Return the function for pictures of one kind of near miss, alone or one among our things.

    Each is large enough to be told from ours: 11 pixels across, a polygon 16, as the network sees.
    """

    def picture(rng: Random) -> Image.Image:
        while True:
            scene = _one_replaced(rng, kind) if mixed else compose(rng, draw=miss)
            image, seen = draw.picture(rng, scene)
            if samples.discernible(samples.truth(Drawn(image, seen, in_domain=0.0)), kind):
                return image

    def miss(rng: Random) -> tuple[int, Contours]:
        return misses.miss(rng, kind)

    return picture


def _one_replaced(rng: Random, kind: str) -> Scene:
    place = int(rng.integers(3))
    turns = iter(range(7))

    def thing(rng: Random) -> tuple[int, Contours]:
        return misses.miss(rng, kind) if next(turns) == place else known(rng)

    return compose(rng, count=int(rng.integers(3, 8)), draw=thing)


def tables(eyes: Eyes, count: int = 300) -> dict[str, list[Row]]:
    """Return all tables, by title."""
    return {
        "all": [judge_scenes(eyes, "any", 4 * count)],
        "aspect": [judge_scenes(eyes, f"{each:g}", count, aspect=each) for each in ASPECTS],
        "side": [judge_scenes(eyes, f"{each} px", count, side=each) for each in SIDES],
        "near misses, learned": _strangers(eyes, count, misses.LEARNED, mixed=False),
        "near misses, never seen": _strangers(eyes, count, misses.HELD_OUT, mixed=False),
        "one near miss among our things": _strangers(
            eyes, count, {**misses.LEARNED, **misses.HELD_OUT}, mixed=True
        ),
        "other pictures": [
            judge_strangers(eyes, kind, count, negatives.LEARNED[kind])
            for kind in negatives.LEARNED
            if kind != "photograph"
        ],
        "other pictures, never seen": [
            judge_strangers(eyes, kind, count, each) for kind, each in negatives.HELD_OUT.items()
        ],
    }


def _strangers(eyes: Eyes, count: int, kinds: Iterable[str], *, mixed: bool) -> list[Row]:
    return [judge_strangers(eyes, each, count, near_miss(each, mixed=mixed)) for each in kinds]


def as_markdown(title: str, rows: Sequence[Row]) -> str:
    """Return one of the tables."""
    if rows[0].whole is None:
        head = f"| {title} | pictures | refused |\n| --- | ---: | ---: |"
        lines = [f"| {row.kind} | {row.number:,} | {_percent(1 - row.accepted)} |" for row in rows]
    else:
        head = (
            f"| {title} | scenes | found whole | accepted | error of sizes |\n"
            "| --- | ---: | ---: | ---: | ---: |"
        )
        lines = [
            f"| {row.kind} | {row.number:,} | {_percent(row.whole)} | {_percent(row.accepted)} "
            f"| {_percent(row.size_error)} |"
            for row in rows
        ]
    return "\n".join([head, *lines])


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"
