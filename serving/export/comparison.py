"""A model before and after, on the same pictures: what it costs to compute in int8."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from serving.errors import ServingError
from serving.export.pictures import FEW, Picture
from serving.export.publish import ExportError
from serving.progress import track
from serving.protocol.json_tensor import Array
from serving.protocol.signature import DEFAULT
from serving.servable import Servable

PROBABILITIES = "probabilities"  # the output; serving.export.classifier has it
MOST_LOST = 0.01  # of accuracy
LEAST_AGREEMENT = 0.9  # of the answers, where accuracy is not known: one in ten is too many


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What both say, on pictures that neither was calibrated by."""

    before: npt.NDArray[np.float32]  # [pictures, classes] probabilities
    after: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64] | None  # [pictures]

    @property
    def accuracy(self) -> tuple[float, float] | None:
        """Return the share of right answers before and after, where labels tell."""
        if self.labels is None:
            return None
        before, after = (each.argmax(1) == self.labels for each in (self.before, self.after))
        return float(before.mean()), float(after.mean())

    @property
    def agreement(self) -> float:
        """Return the share of pictures with the same likeliest class."""
        return float((self.before.argmax(1) == self.after.argmax(1)).mean())

    @property
    def difference(self) -> float:
        """Return how far probabilities are apart, in the mean over pictures and classes."""
        return float(np.abs(self.before - self.after).mean())

    @property
    def confidence(self) -> float:
        """Return the same for the probability of the class that was likeliest before."""
        rows, best = np.arange(len(self.before)), self.before.argmax(1)
        return float(np.abs(self.before[rows, best] - self.after[rows, best]).mean())

    def fault(self) -> str | None:
        """Return why this should not be published; None where it may."""
        if self.accuracy is None:
            if self.agreement >= LEAST_AGREEMENT:
                return None
            return (
                f"int8 answers {_percent(1 - self.agreement)} of the pictures otherwise than fp32; "
                f"where no labels tell what that costs, at most {_percent(1 - LEAST_AGREEMENT)} may"
            )
        before, after = self.accuracy
        if round(before - after, 6) <= MOST_LOST:  # 0.01 is not a point, but nearly
            return None
        return (
            f"int8 is right for {_percent(after)} of the pictures, fp32 for {_percent(before)}; "
            f"expected to lose at most {MOST_LOST * 100:.0f} point"
        )

    def markdown(self) -> str:
        """Return both side by side."""
        rows = ["| | fp32 | int8 |", "| --- | ---: | ---: |"]
        if self.accuracy is not None:
            before, after = self.accuracy
            rows.append(f"| right | {_percent(before)} | {_percent(after)} |")
        rows += [
            f"| same likeliest class | | {_percent(self.agreement)} |",
            f"| its probability, mean distance | | {self.confidence:.4f} |",
            f"| all probabilities, mean distance | | {self.difference:.6f} |",
        ]
        return "\n".join([*rows, "", *self._remarks()])

    def _remarks(self) -> Iterator[str]:
        yield f"On {len(self.before):,} pictures that it was not calibrated by."
        if self.labels is None:
            yield "Their classes are not known, so accuracy was not measured."
        if len(self.before) < FEW:
            yield f"So few say little: one is {_percent(1 / len(self.before))} of them."


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def compare(
    before: Servable, after: Servable, pictures: Sequence[Picture], say: Callable[[str], None]
) -> Comparison:
    """Ask both about each picture; raise ExportError where none can be read."""
    asked: list[Picture] = []
    answers: list[tuple[Array, Array]] = []
    for picture in track(pictures, "comparing"):
        try:
            answers.append((_ask(before, picture), _ask(after, picture)))
            asked.append(picture)
        except ServingError:
            say(f"  {picture.path} cannot be read, and is left out")
    if not answers:
        raise ExportError(f"none of the {len(pictures)} pictures to compare on can be read")
    labels = [each.label for each in asked if each.label is not None]
    return Comparison(
        before=np.concatenate([each for each, _ in answers]),
        after=np.concatenate([each for _, each in answers]),
        labels=np.array(labels) if labels else None,
    )


def _ask(model: Servable, picture: Picture) -> Array:
    """Return float32 [1, classes]; raise ServingError."""
    (name,) = model.signatures[DEFAULT].inputs
    return model.run(DEFAULT, {name: picture.read()}, [PROBABILITIES])[PROBABILITIES]
