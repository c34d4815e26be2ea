"""Makes the model that answers questions about pictures of shapes: learn, calibrate, save."""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from serving.export.publish import publish
from serving.export.warmup import write_warmup
from serving.progress import Lines
from serving.train.vqa import detector, exam, learning, negatives
from serving.train.vqa.calibration import Calibration, Floats, Mask, fit, logits
from serving.train.vqa.exam import Task
from serving.train.vqa.eyes import Eyes
from serving.train.vqa.learning import Parsed
from serving.train.vqa.model import ANSWERED, EVIDENCES, Model
from serving.train.vqa.question import Asker
from serving.train.vqa.wording import FOLDER

logger = logging.getLogger(__name__)
SEED = 20170605
CALIBRATED_ON = 2_000  # tasks with an answer; three quarters as many without
_BATCH = 50


def make() -> Model:
    """Return the trained model, the same for one SEED.

    The parser learns beside the eyes: neither keeps two cores busy by itself.
    """
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawn, initializer=_stay_aside) as beside:
        parsed = beside.submit(_parsed)
        eyes = detector.make()
        return calibrated(eyes, parsed.result())


def _stay_aside() -> None:
    """Log as the first process does, and leave the bars to it."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[Lines()])
    sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # while it lives


def _parsed() -> Parsed:
    return learning.learn(exam.languages(FOLDER), SEED)


def calibrated(eyes: Eyes, parsed: Parsed) -> Model:
    """Return the model with a confidence that is right as often as it says."""
    tasks = calibration_tasks()
    evidence, right = judge(Model(eyes, parsed, Calibration()), tasks)
    believed = evidence[:, EVIDENCES.index("world")] >= ANSWERED  # of the others nothing is said
    calibration = fit(logits(evidence[believed]), right[believed])
    logger.info("calibrated on %d: %s", believed.sum(), calibration)
    return Model(eyes, parsed, calibration)


def calibration_tasks() -> list[Task]:
    """Return questions in wordings that were not learned, known ones, and what has no answer."""
    rng = np.random.default_rng(SEED + 1)
    apart, known = exam.languages(FOLDER, apart=True), exam.languages(FOLDER)
    askers = [Asker(each) for each in (*known, *apart)]
    strange = [askers[i % len(askers)].unanswerable(rng) for i in range(CALIBRATED_ON // 2)]
    kinds = list(negatives.LEARNED.values())
    pictures = [kinds[i % len(kinds)](rng) for i in range(CALIBRATED_ON // 4)]
    return [
        *exam.tasks(rng, apart, CALIBRATED_ON // 2),
        *exam.tasks(rng, known, CALIBRATED_ON // 2),
        *exam.unanswerable(rng, strange),
        *exam.refused(rng, pictures, known),
    ]


def judge(model: Model, tasks: Sequence[Task]) -> tuple[Floats, Mask]:
    """Return the evidence for each answer, [n, 3], and whether the answer is right."""
    evidence, right = [], []
    for start in range(0, len(tasks), _BATCH):
        part = tasks[start : start + _BATCH]
        number, found = _reasoned(
            model,
            tf.constant([each.picture for each in part]),
            tf.constant([each.question.text for each in part]),
        )
        wanted = np.array([each.question.answer for each in part])
        evidence.append(found.numpy().astype(np.float64))
        right.append((number.numpy() == wanted) & (wanted > 0))
    return np.concatenate(evidence), np.concatenate(right)


@tf.function(reduce_retracing=True, autograph=False)  # type: ignore[untyped-decorator]
def _reasoned(model: Model, pictures: Any, questions: Any) -> Any:
    return model.reason(model.see(pictures), questions)[:2]


def save(model: Model, base_path: Path, version: int) -> Path:
    """Write base_path/version, whole or not at all, and return it."""
    rng = np.random.default_rng(SEED + 2)
    sample = exam.tasks(rng, exam.languages(FOLDER), 4)
    batch = {
        "image": [each.picture for each in sample],
        "question": [each.question.text.encode() for each in sample],
    }

    def write(folder: Path) -> None:
        signatures = {"serving_default": model.serving_default, "describe": model.describe}
        tf.saved_model.save(model, str(folder), signatures=signatures)
        single = {name: each[:1] for name, each in batch.items()}
        seen = [{"image": each["image"]} for each in (single, batch)]
        asked = {"serving_default": [single, batch], "describe": seen}
        write_warmup(folder, base_path.name, asked)

    trial = {name: exam.as_batch(each) for name, each in batch.items()}
    return publish(write, base_path, version, trial)
