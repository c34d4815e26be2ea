"""What the SavedModel says to the tasks of an exam, and how often that is right."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from serving.platforms.tensorflow import SavedModel
from serving.progress import track
from serving.train.vqa.answer import UNKNOWN
from serving.train.vqa.exam import Task, as_batch

_BATCH = 50
_TIMED = 200  # questions, one at a time

Mask = npt.NDArray[np.bool_]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Tasks of one kind, and what the model said to each."""

    kind: str
    tasks: Sequence[Task]
    answers: npt.NDArray[np.int32]  # [n]; UNKNOWN where the model would not say
    confidence: npt.NDArray[np.float32]

    @property
    def truth(self) -> npt.NDArray[np.int32]:
        """Return the true answers; UNKNOWN is that there is none."""
        return np.array([each.question.answer for each in self.tasks], np.int32)

    @property
    def right(self) -> Mask:
        """Return whether each answer is the true one, or rightly none."""
        right: Mask = self.answers == self.truth
        return right

    @property
    def answered(self) -> Mask:
        """Return whether the model said anything."""
        answered: Mask = self.answers != UNKNOWN
        return answered

    def only(self, kind: str, fits: Callable[[Task], bool]) -> Judged:
        """Return those whose task fits."""
        chosen = np.array([fits(each) for each in self.tasks], bool)
        return Judged(
            kind=kind,
            tasks=[each for each, fit in zip(self.tasks, chosen, strict=True) if fit],
            answers=self.answers[chosen],
            confidence=self.confidence[chosen],
        )


def ask(model: SavedModel, kind: str, tasks: Sequence[Task]) -> Judged:
    """Return what the model says to the tasks."""
    found = [
        model.run(
            "serving_default",
            {
                "image": as_batch([each.picture for each in tasks[i : i + _BATCH]]),
                "question": as_batch([each.question.text for each in tasks[i : i + _BATCH]]),
            },
        )
        for i in _steps(kind, len(tasks))
    ]
    return Judged(
        kind=kind,
        tasks=tasks,
        answers=np.concatenate([each["answer_id"] for each in found]),
        confidence=np.concatenate([each["confidence"] for each in found]),
    )


def _steps(kind: str, tasks: int) -> Iterable[int]:
    """Return where batches begin; of several a bar is shown, which a single one would measure."""
    starts = range(0, tasks, _BATCH)
    return track(starts, f"judging: {kind}") if len(starts) > 1 else starts


def together(kind: str, parts: Sequence[Judged]) -> Judged:
    """Return all parts as one."""
    return Judged(
        kind=kind,
        tasks=[each for part in parts for each in part.tasks],
        answers=np.concatenate([each.answers for each in parts]),
        confidence=np.concatenate([each.confidence for each in parts]),
    )


def latency(model: SavedModel, tasks: Sequence[Task]) -> tuple[float, float]:
    """Return the median and the 95th percentile of single questions, in milliseconds."""
    spans = []
    for task in tasks[:_TIMED]:
        started = time.perf_counter()
        ask(model, "timed", [task])
        spans.append(1000 * (time.perf_counter() - started))
    return float(np.median(spans)), float(np.percentile(spans, 95))
