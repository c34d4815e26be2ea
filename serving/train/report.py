"""How good the demo classifier is, on pictures it has never seen, through the SavedModel itself.

Every picture goes in as JPEG or PNG bytes of 40 to 900 pixels, as a follower's would.
"""

from __future__ import annotations

import dataclasses
import io
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from serving.platforms.tensorflow import SavedModel
from serving.train import digits, others, photographs, samples
from serving.train.camera import Random
from serving.train.reliability import BINS, calibration_error
from serving.train.samples import CLASSES, OTHER, SCENE

logger = logging.getLogger(__name__)
SEED = 4242  # of the judging; no picture of the training was drawn with it
_BATCH = 50


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the model said about one kind of picture."""

    kind: str
    truth: npt.NDArray[np.int64]  # [n]
    probabilities: npt.NDArray[np.float32]  # [n, classes]

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """Return for each picture whether the likeliest class was the true one."""
        right: npt.NDArray[np.bool_] = self.probabilities.argmax(axis=1) == self.truth
        return right

    @property
    def confidence(self) -> npt.NDArray[np.float32]:
        """Return how sure it was of each answer, 0..1."""
        confidence: npt.NDArray[np.float32] = self.probabilities.max(axis=1)
        return confidence


def write(model: Path, folder: Path) -> None:
    """Judge the SavedModel and leave report.md, confusion.png and reliability.png in folder."""
    from serving.train import plot

    results = judge(SavedModel(model))
    text = as_markdown(results)
    (folder / "report.md").write_text(text, "utf-8")
    plot.confusion(folder / "confusion.png", confusion(results), CLASSES)
    everything = together(results)
    plot.reliability(folder / "reliability.png", everything.confidence, everything.right)
    logger.info("%s", text)


def judge(model: SavedModel) -> list[Judged]:
    """Return what the model says about each kind of picture of the test part."""
    rng = np.random.default_rng(SEED)
    results = []
    for kind, draw in _kinds(rng).items():
        drawn = list(draw)
        encoded = [_file(rng, picture) for picture, _ in drawn]
        results.append(
            Judged(
                kind=kind,
                truth=np.array([label for _, label in drawn]),
                probabilities=_ask(model, encoded),
            )
        )
    return results


def _kinds(rng: Random) -> dict[str, Iterator[samples.Labelled]]:
    scans, values = digits.split("test")
    pictures = photographs.load("test")
    return {
        "digits, photographed": (
            (digits.draw(rng, scan), int(value))
            for scan, value in zip(scans, values, strict=True)
            for _ in range(3)
        ),
        "digits, as scanned": (
            (digits.draw_plain(rng, scan), int(value))
            for scan, value in zip(scans, values, strict=True)
        ),
        "digits, printed": (samples.printed_digit(rng, "test") for _ in range(300)),
        "scenes of shapes": (samples.scene(rng, "test") for _ in range(400)),
        "photographs": (
            (photographs.crop(rng, picture), OTHER) for picture in pictures for _ in range(40)
        ),
        **{f"other: {kind}": _others(rng, draw) for kind, draw in others.KINDS.items()},
    }


def _others(rng: Random, draw: Callable[[Random], Image.Image]) -> Iterator[samples.Labelled]:
    return ((draw(rng), OTHER) for _ in range(200))


def _file(rng: Random, picture: Image.Image) -> bytes:
    width = int(rng.integers(40, 901))
    height = min(900, max(40, round(width * picture.height / picture.width)))
    file = io.BytesIO()
    resized = picture.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    resized.save(file, "JPEG" if rng.random() < 0.6 else "PNG")
    return file.getvalue()


def _ask(model: SavedModel, files: Sequence[bytes]) -> npt.NDArray[np.float32]:
    answers = [
        model.run("serving_default", {"image": np.array(files[i : i + _BATCH], object)})
        for i in range(0, len(files), _BATCH)
    ]
    return np.concatenate([answer["probabilities"] for answer in answers])


def together(results: Sequence[Judged]) -> Judged:
    """Return all kinds as one."""
    return Judged(
        kind="all",
        truth=np.concatenate([each.truth for each in results]),
        probabilities=np.concatenate([each.probabilities for each in results]),
    )


def confusion(results: Sequence[Judged]) -> npt.NDArray[np.int64]:
    """Return counts [true class, answered class]."""
    everything = together(results)
    counts = np.zeros((len(CLASSES), len(CLASSES)), np.int64)
    np.add.at(counts, (everything.truth, everything.probabilities.argmax(axis=1)), 1)
    return counts


def as_markdown(results: Sequence[Judged]) -> str:
    """Return the report."""
    rows = [
        f"| {each.kind} | {len(each.truth):,} | {100 * each.right.mean():.2f} % "
        f"| {calibration_error(each.confidence, each.right):.3f} |"
        for each in (*results, together(results))
    ]
    return _TEMPLATE.format(
        rows="\n".join(rows),
        judged=_sources("test"),
        learned=_sources("train"),
        scene=CLASSES[SCENE],
        other=CLASSES[OTHER],
        bins=BINS,
    )


def _sources(part: str) -> str:
    counts = photographs.sources(part)
    named = ", ".join(f"{source} {count}" for source, count in counts.items())
    return f"{sum(counts.values())} pictures ({named})"


_TEMPLATE = """\
# The demo classifier

Ten handwritten digits, `{scene}` (of shapes), `{other}`. Made by `make train`, which writes this
page. Each picture below went through the SavedModel as JPEG or PNG bytes of 40 to 900 pixels; none
of them, nor any other crop or drawing of the same source, was used in training.

| pictures | number | right | calibration error |
| --- | ---: | ---: | ---: |
{rows}

- Digits: the 450 test scans of scikit-learn's 1,797 (a stratified quarter), photographed three
  times each with other pens, papers and light, and once as they are. Printed digits: DejaVu fonts.
- Photographs: 40 crops of each of {judged}.
  Learned from were {learned}.
  Split by picture; `serving/train/photographs.csv` names each.
- Pages, charts and the other kinds are drawn by `serving/train/others.py`, with another seed than
  in training. That is easier than pages and charts from elsewhere would be.
- Calibration error: expected calibration error, {bins} bins. The temperature was fitted on digits
  that are neither in the training nor here.

![Confusion matrix](confusion.png)
![Reliability](reliability.png)
"""
