"""The report beside the model that answers questions: what it was asked, and how it did."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from serving.platforms.tensorflow import SavedModel
from serving.train import plot
from serving.train.reliability import BINS, calibration_error
from serving.train.vqa import answer, exam, judging, trials
from serving.train.vqa.answer import CHINESE, ENGLISH
from serving.train.vqa.exam import FORMATS, FROZEN, Task
from serving.train.vqa.judging import Judged
from serving.train.vqa.trials import Trials
from serving.train.vqa.world import COLOURS, SHAPES

logger = logging.getLogger(__name__)
_NUMBERS = 8  # 0 to 7, as many as there are things in a picture
# What the confusion matrix tells apart, and the first number of the answers of each.
CLASSES = ("unknown", "none", "yes", "no", *map(str, range(_NUMBERS)), *COLOURS, *SHAPES,
            "left", "right", "top", "bottom", "a thing", "a set", "a list")  # fmt: skip


def write(model: Path, folder: Path, digest: str | None = None) -> None:
    """Judge the SavedModel and leave report.md and its pictures in folder.

    digest: of the frozen wordings, where they were noted before training.
    """
    results = trials.hold(SavedModel(model))
    text = as_markdown(results, digest or _noted(folder))
    (folder / "report.md").write_text(text, "utf-8")
    everything = judging.together("all", [*_answerable(results), *results.unanswerable])
    plot.shares(folder / "families.png", _by_kind(results))
    plot.confusion(folder / "confusion.png", confusion(everything), CLASSES)
    plot.reliability(folder / "reliability.png", everything.confidence, _said_right(everything))
    logger.info("%s", text)


def _noted(folder: Path) -> str:
    """Return the digest that the report before this one noted; "" where there is none."""
    path = folder / "report.md"
    found = path.read_text("utf-8").partition("before training: `")[2] if path.exists() else ""
    return found.partition("`")[0]


def _answerable(results: Trials) -> list[Judged]:
    return [results.known, results.unseen]


def _said_right(judged: Judged) -> npt.NDArray[np.bool_]:
    """Return whether the model said the right thing; saying nothing is not saying it."""
    right: npt.NDArray[np.bool_] = judged.right & judged.answered
    return right


def confusion(judged: Judged) -> npt.NDArray[np.int64]:
    """Return counts [true class, answered class]."""
    counts = np.zeros((len(CLASSES), len(CLASSES)), np.int64)
    np.add.at(counts, (_classes(judged.truth), _classes(judged.answers)), 1)
    return counts


def _classes(numbers: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Return the index in CLASSES of each answer."""
    starts = [
        *range(answer.NUMBER + _NUMBERS),
        *range(answer.COLOUR, answer.KIND),
        *(answer.KIND, answer.FIRST, answer.COLOUR_SET),
    ]
    return np.searchsorted(starts, numbers, side="right") - 1


def as_markdown(results: Trials, digest: str) -> str:
    """Return the report."""
    median, late = results.latency
    everything = judging.together("all", [*_answerable(results), *results.unanswerable])
    return _TEMPLATE.format(
        wordings="\n".join(_by_wording(results)),
        families="\n".join(_by_family(results)),
        canvases="\n".join(_by_canvas(results)),
        unanswerable="\n".join(map(_refusals, results.unanswerable)),
        pictures="\n".join(map(_refusals, results.pictures)),
        error=f"{calibration_error(everything.confidence, _said_right(everything)):.3f}",
        unseen_error=f"{_error(results.unseen):.3f}",
        count=f"{len(everything.tasks):,}",
        median=f"{median:.1f}",
        late=f"{late:.1f}",
        digest=digest,
        now=trials.digest(FROZEN),
        bins=BINS,
        both=sum(len(each.templates) for each in exam.languages(FROZEN))
        - sum(len(each.templates) for each in trials.never_learned()),
    )


def _error(judged: Judged) -> float:
    return calibration_error(judged.confidence, _said_right(judged))


def percent(shares: npt.NDArray[np.bool_]) -> str:
    """Return the share that is true, as in 99.50 %; a dash for a share of none."""
    return f"{100 * shares.mean():.2f} %" if shares.size else "–"


def _row(judged: Judged) -> str:
    return (
        f"| {judged.kind} | {len(judged.tasks):,} | {percent(judged.right)} "
        f"| {percent(judged.answered)} | {percent(judged.right[judged.answered])} |"
    )


def _by_wording(results: Trials) -> Iterator[str]:
    for judged in (results.known, results.plain, results.unseen):
        yield _row(judged)
        for language, name in ((CHINESE, "Chinese"), (ENGLISH, "English")):
            yield _row(judged.only(f"{judged.kind}, {name}", _speaks(language)))


def _speaks(language: int) -> Callable[[Task], bool]:
    return lambda task: task.question.language == language


def _kinds(results: Trials) -> list[str]:
    return sorted({task.question.kind for task in results.unseen.tasks})


def _of_kind(judged: Judged, kind: str) -> Judged:
    return judged.only(kind, lambda task: task.question.kind == kind)


def _by_family(results: Trials) -> Iterator[str]:
    for kind in _kinds(results):
        parts = [_of_kind(judged, kind) for judged in _answerable(results)]
        cells = [f"{len(part.tasks):,} | {percent(part.right)}" for part in parts]
        yield f"| {kind} | {' | '.join(cells)} |"


def _by_kind(results: Trials) -> dict[str, dict[str, float]]:
    """Return the share that is right of each family, for known and unseen wordings."""
    return {
        judged.kind: {kind: float(_of_kind(judged, kind).right.mean()) for kind in _kinds(results)}
        for judged in _answerable(results)
    }


def _by_canvas(results: Trials) -> Iterator[str]:
    fits: dict[str, Callable[[Task], bool]] = {
        "square": lambda task: 0.99 < task.aspect < 1.01,
        "wide or tall": lambda task: not 0.99 < task.aspect < 1.01,
        "wider than 2:1": lambda task: task.aspect > 2,
        "taller than 1:2": lambda task: task.aspect < 0.5,
        "96 to 200 pixels": lambda task: task.side <= 200,
        "201 to 600 pixels": lambda task: 200 < task.side <= 600,
        "more than 600 pixels": lambda task: task.side > 600,
        **{each: lambda task, each=each: task.encoding == each for each in FORMATS},  # type: ignore[misc]
    }
    for kind, fit in fits.items():
        yield _row(results.known.only(kind, fit))


def _refusals(judged: Judged) -> str:
    return f"| {judged.kind} | {len(judged.tasks):,} | {percent(~judged.answered)} |"


_TEMPLATE = """\
# The model that answers questions about pictures of shapes

A trained detector, a trained question parser and a fixed reasoning program, in one SavedModel. Made
by `python -m serving train vqa`, which writes this page; `--only-report` writes it again. Every
picture went through the SavedModel as JPEG, PNG or WebP bytes of 96 to 1,200 pixels, 1:4 to 4:1,
drawn with another seed than those of the training. *Right*: the answer is the true one, and an
answer withheld counts as wrong.

| questions | number | right | answered | right of those |
| --- | ---: | ---: | ---: | ---: |
{wordings}

- Known wordings: the templates and words in `serving/train/vqa/wordings`, about new scenes. Nearly
  all have something of outlines, shadows, grain, unsteady hands, bad light, noise, blur and tilt.
- Plain drawings: the same as a drawing program saves them, in flat colours on an even ground.
- Unseen wordings: templates, words and wrappers in `bench/wordings`, written apart from those and
  not read by whoever wrote the parser and its synonyms; less {both} templates that both happen to
  have.
  SHA-256 before training: `{digest}`; now: `{now}`.
- Calibration error: {error} on all {count} questions (unanswerable ones as well), {unseen_error} on
  unseen wordings; expected calibration error, {bins} bins. The confidence was calibrated on
  wordings set apart from both (`*_apart.toml`).
- One question takes {median} ms (median; 95th percentile {late} ms) through the session loader on
  the machine that made this page.

## By family

| family | known | right | unseen | right |
| --- | ---: | ---: | ---: | ---: |
{families}

A `two_step` question finds one thing in order to find another; a `follow_up` leans on the line
before.

## By canvas, size and format, known wordings

| pictures | number | right | answered | right of those |
| --- | ---: | ---: | ---: | ---: |
{canvases}

## What it should not answer

Questions that no such picture answers, each asked once, and questions in known wordings about
pictures that are not of this world.

| questions | number | refused |
| --- | ---: | ---: |
{unanswerable}

| pictures | number | refused |
| --- | ---: | ---: |
{pictures}

Kinds marked *in training* were drawn anew; the others were in no training.

![Right by family](families.png)
![Confusion matrix](confusion.png)
![Reliability](reliability.png)
"""
