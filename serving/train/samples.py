"""The pictures that the demo classifier learns from: ten digits, scenes, and the rest."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image

from serving.progress import track
from serving.train import digits, others, photographs, scenes
from serving.train.camera import Random, pick, seen, sent

SCENE, OTHER = 10, 11  # classes 0 to 9 are the digits
CLASSES = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "scene", "other")
SIZE = 64  # pixels, each side of what the model sees

Labelled = tuple[Image.Image, int]
Pictures = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


def digit(rng: Random, part: str) -> Labelled:
    """Return a handwritten digit of train, tune or test, photographed."""
    scans, values = digits.split(part)
    index = int(rng.integers(len(scans)))
    return digits.draw(rng, scans[index]), int(values[index])


def plain_digit(rng: Random, part: str) -> Labelled:
    """Return a handwritten digit as scanned, enlarged."""
    scans, values = digits.split(part)
    index = int(rng.integers(len(scans)))
    return digits.draw_plain(rng, scans[index]), int(values[index])


def printed_digit(rng: Random, _part: str) -> Labelled:
    """Return a digit from a font, photographed."""
    value = int(rng.integers(10))
    return digits.draw_printed(rng, str(value)), value


def scene(rng: Random, _part: str) -> Labelled:
    """Return a scene of shapes, square, wide or tall."""
    drawn = scenes.compose(rng, aspect=float(np.exp(rng.uniform(-0.6, 0.6))))
    return scenes.render(drawn, int(rng.integers(90, 220)), rng), SCENE


def photograph(rng: Random, part: str) -> Labelled:
    """Return a part of a photograph; "tune" shares the pictures of "train", not the crops."""
    pictures = photographs.load("test" if part == "test" else "train")
    return photographs.crop(rng, pick(rng, pictures)), OTHER


def other(kind: str) -> Callable[[Random, str], Labelled]:
    """Return the function for one of others.KINDS."""
    return lambda rng, _part: (others.KINDS[kind](rng), OTHER)


# What the training draws from, and how often.
MIXTURE: dict[Callable[[Random, str], Labelled], float] = {
    digit: 0.46,
    plain_digit: 0.06,
    printed_digit: 0.05,
    scene: 0.13,
    photograph: 0.16,
    **{other(kind): 0.025 for kind in others.KINDS},
}


def sample(rng: Random, part: str) -> Labelled:
    """Return one picture and its class, by the mixture, as it arrives."""
    kinds, weights = list(MIXTURE), np.array(list(MIXTURE.values()))
    picture, label = kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))](rng, part)
    return (sent(rng, picture) if rng.random() < 0.7 else picture), label


def dataset(part: str, count: int, seed: int) -> tuple[Pictures, Labels]:
    """Return pictures uint8 [count, SIZE, SIZE, 3] and classes int64 [count], set by the seed."""
    photographs.load("train")  # fetched before the processes part
    jobs = [(part, seed, start, min(500, count - start)) for start in range(0, count, 500)]
    with multiprocessing.get_context("fork").Pool() as pool:
        parts = list(track(pool.imap(_some, jobs), "drawing pictures", len(jobs)))
    return (
        np.concatenate([pictures for pictures, _ in parts]),
        np.concatenate([labels for _, labels in parts]),
    )


def _some(job: tuple[str, int, int, int]) -> tuple[Pictures, Labels]:
    part, seed, start, count = job
    rng = np.random.default_rng([seed, start])
    drawn = [sample(rng, part) for _ in range(count)]
    pictures = np.stack([seen(picture, SIZE) for picture, _ in drawn])
    return pictures, np.array([label for _, label in drawn])
