"""Everything that the model is judged by: answers, refusals, other canvases, odd texts."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from serving.platforms.tensorflow import SavedModel
from serving.train.camera import Random
from serving.train.vqa import exam, judging, misses, negatives, samples
from serving.train.vqa.answer import CHINESE, ENGLISH, UNKNOWN
from serving.train.vqa.exam import FROZEN
from serving.train.vqa.judging import Judged
from serving.train.vqa.program import Program
from serving.train.vqa.question import Question
from serving.train.vqa.wording import FOLDER, Wordings, without

SEED = 4242  # of the judging; no picture and no question of the training was drawn with it
ANSWERED = 3_000  # tasks with an answer, in each set of wordings
REFUSED = 60  # pictures of each kind that is not of our world; of a near miss half as many
ODD = ("", " ", "？", "!!!", "😀😀😀", "🔴🟥🔺?", "a", "啊", "x" * 10_000, "圆" * 10_000,
        "how many circles " * 600, "有几个圆" * 2_500, "\u202e\u200b", "0", "\n\n\n")  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """All that was asked, and said."""

    known: Judged  # wordings that were learned
    plain: Judged  # the same, about drawings as drawing programs save them
    unseen: Judged  # wordings that were written apart and frozen
    unanswerable: list[Judged]  # questions that no such picture answers
    pictures: list[Judged]  # of what is not our world, by kind
    latency: tuple[float, float]  # median and 95th percentile, milliseconds


def hold(model: SavedModel) -> Trials:
    """Put the model on trial."""
    rng = np.random.default_rng(SEED)
    learned, unseen = exam.languages(FOLDER), never_learned()
    known = judging.ask(model, "known wordings", exam.tasks(rng, learned, ANSWERED))
    plain = exam.tasks(np.random.default_rng(SEED + 1), learned, ANSWERED, plain=True)
    return Trials(
        known=known,
        plain=judging.ask(model, "known wordings, plain drawings", plain),
        unseen=judging.ask(model, "unseen wordings", exam.tasks(rng, unseen, ANSWERED)),
        unanswerable=_unanswerable(rng, model, unseen),
        pictures=[
            judging.ask(model, kind, exam.refused(rng, pictures, learned))
            for kind, pictures in _foreign(rng).items()
        ],
        latency=judging.latency(model, known.tasks),
    )


def never_learned() -> list[Wordings]:
    """Return the frozen wordings, less those that somebody wrote for the training as well."""
    pairs = zip(exam.languages(FROZEN), exam.languages(FOLDER), strict=True)
    return [without(frozen, learned) for frozen, learned in pairs]


def _unanswerable(rng: Random, model: SavedModel, unseen: Sequence[Wordings]) -> list[Judged]:
    texts = {
        "Chinese": questions(unseen[CHINESE]),
        "English": questions(unseen[ENGLISH]),
        "odd texts": [_unknown(text, CHINESE) for text in ODD],
    }
    return [
        judging.ask(model, kind, exam.unanswerable(rng, asked)) for kind, asked in texts.items()
    ]


def questions(wordings: Wordings) -> list[Question]:
    """Return each question without an answer once, as it is written."""
    return [
        _unknown(each.text, wordings.language)
        for each in wordings.templates
        if each.group == "unknown"
    ]


def _unknown(text: str, language: int) -> Question:
    return Question(
        text=text,
        kind="unknown",
        language=language,
        program=Program(task="unknown"),
        answer=UNKNOWN,
    )


def _foreign(rng: Random) -> dict[str, list[Image.Image]]:
    """Return pictures to be refused, by kind; those held out were in no training."""
    pictures = {
        **{f"{kind}, in training": draws for kind, draws in negatives.LEARNED.items()},
        **negatives.HELD_OUT,
    }
    near = {
        **{f"{kind}, in training": kind for kind in misses.LEARNED},
        **{kind: kind for kind in misses.HELD_OUT},
    }
    drawn = {name: [draws(rng) for _ in range(REFUSED)] for name, draws in pictures.items()}
    return drawn | {
        f"near miss: {name}": [samples.near_miss(rng, kind) for _ in range(REFUSED // 2)]
        for name, kind in near.items()
    }


def digest(folder: Path) -> str:
    """Return the SHA-256 of the wordings in a folder: of their names and texts, in order."""
    total = hashlib.sha256()
    for path in sorted(folder.glob("*.toml")):
        total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()
