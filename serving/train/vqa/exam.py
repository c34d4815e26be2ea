"""Pictures and questions to calibrate and to judge the model on, as followers send them."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from serving.train.camera import Random, pick
from serving.train.vqa import draw
from serving.train.vqa.question import Asker, Question
from serving.train.vqa.scene import compose
from serving.train.vqa.wording import LANGUAGES, Wordings, load

FROZEN = Path(__file__).parents[3] / "bench" / "wordings"  # written apart, never learned from
FORMATS = ("JPEG", "PNG", "WEBP")
_PER_PICTURE = 3  # questions


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A picture file and a question about it."""

    picture: bytes
    question: Question
    side: int = 0  # pixels, the longer side
    aspect: float = 1.0  # width / height
    encoding: str = ""  # of FORMATS


def languages(folder: Path, *, apart: bool = False) -> list[Wordings]:
    """Return the wordings of a folder in all languages."""
    return [load(folder, language, apart=apart) for language in range(len(LANGUAGES))]


def tasks(
    rng: Random, wordings: Sequence[Wordings], count: int, *, plain: bool = False
) -> list[Task]:
    """Return tasks that have an answer, as many in each language, on pictures of our world.

    plain: as drawing programs save them, not as people draw, photograph and blur them.
    """
    askers = [Asker(each) for each in wordings]
    made: list[Task] = []
    while len(made) < count:
        picture, scene = draw.picture(rng, compose(rng), plain=plain)
        encoding = pick(rng, FORMATS)
        file = encoded(rng, picture, encoding)
        for _ in range(_PER_PICTURE):
            question = askers[len(made) % len(askers)].ask(rng, scene)
            made.append(
                Task(
                    picture=file, question=question, side=max(picture.size),
                    aspect=picture.width / picture.height, encoding=encoding,
                )
            )  # fmt: skip
    return made[:count]


def unanswerable(rng: Random, questions: Sequence[Question]) -> list[Task]:
    """Return the questions, each on a picture of our world."""
    return [
        Task(picture=encoded(rng, draw.picture(rng, compose(rng))[0], "JPEG"), question=each)
        for each in questions
    ]


def refused(
    rng: Random, pictures: Sequence[Image.Image], wordings: Sequence[Wordings]
) -> list[Task]:
    """Return questions that would have an answer, on pictures that are not of our world."""
    askers = [Asker(each) for each in wordings]
    return [
        Task(
            picture=encoded(rng, each.convert("RGB"), pick(rng, FORMATS)),
            question=askers[i % len(askers)].ask(rng, compose(rng)),
        )
        for i, each in enumerate(pictures)
    ]


def encoded(rng: Random, picture: Image.Image, encoding: str) -> bytes:
    """Return the picture as a file; JPEG and WebP in any usual quality."""
    file = io.BytesIO()
    options = {} if encoding == "PNG" else {"quality": int(rng.integers(45, 96))}
    picture.save(file, encoding, **options)
    return file.getvalue()


def as_batch(texts: Sequence[bytes | str]) -> npt.NDArray[np.object_]:
    """Return strings as the array that a SavedModel takes."""
    return np.array([each.encode() if isinstance(each, str) else each for each in texts], object)
