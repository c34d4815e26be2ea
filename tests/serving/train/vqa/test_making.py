"""serving.train.vqa.making, learning and judging: steps of the training that take no minutes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from serving.platforms.tensorflow import SavedModel
from serving.train.reliability import calibration_error
from serving.train.vqa import (
    answer,
    calibration,
    exam,
    eyes,
    judging,
    learning,
    making,
    parser,
    report,
)
from serving.train.vqa.calibration import Calibration
from serving.train.vqa.exam import Task
from serving.train.vqa.judging import Judged
from serving.train.vqa.learning import Parsed
from serving.train.vqa.model import Model
from serving.train.vqa.program import Program
from serving.train.vqa.question import Question
from serving.train.vqa.wording import FOLDER


@pytest.fixture(scope="module")
def parsed() -> Parsed:
    """Return a parser that has seen a little."""
    return learning.learn(exam.languages(FOLDER), seed=1, lines=2000, steps=30)


def judged(answers: list[int], truths: list[int], confidence: list[float]) -> Judged:
    questions = [
        Question(text="?", kind="count", language=0, program=Program(task="count"), answer=each)
        for each in truths
    ]
    return Judged(
        kind="test",
        tasks=[Task(picture=b"", question=each) for each in questions],
        answers=np.array(answers, np.int32),
        confidence=np.array(confidence, np.float32),
    )


def test_training_makes_the_same_of_one_seed(parsed: Parsed) -> None:
    again = learning.learn(exam.languages(FOLDER), seed=1, lines=2000, steps=30)
    assert again.reader.vocabulary == parsed.reader.vocabulary
    for name, weight in parsed.weights.items():
        np.testing.assert_allclose(again.weights[name], weight, atol=1e-4)


def test_training_lowers_the_loss(parsed: Parsed) -> None:
    rng = np.random.default_rng(2)
    texts, slots = learning.draw(rng, exam.languages(FOLDER), 300)
    lines = parsed.reader.read(parsed.reader.normalise(tf.constant(texts)))
    fresh = parser.initial(len(parsed.reader.vocabulary) + 3, seed=1)
    tasks = tf.one_hot(slots[:, 0], 24)

    def loss(weights: parser.Arrays) -> float:
        return -float(tf.reduce_mean(parser.parse(weights, lines.words, lines.grams)[0] * tasks))

    assert loss(parsed.weights) < 0.9 * loss(fresh)


def test_an_export_answers_through_the_session_loader(parsed: Parsed, tmp_path: Path) -> None:
    model = Model(eyes.blank(), parsed, Calibration())
    folder = making.save(model, tmp_path / "vqa", 1)
    assert (folder / "assets.extra" / "tf_serving_warmup_requests").stat().st_size > 1000
    task = exam.tasks(np.random.default_rng(1), exam.languages(FOLDER), 1)
    assert judging.ask(SavedModel(folder), "one", task).answers.shape == (1,)


def test_calibration_finds_the_curves_that_the_data_came_from() -> None:
    rng = np.random.default_rng(3)
    logit = rng.normal(1, 2.5, (3_000, 3))
    offsets, slopes = np.array([-1.0, 0.5, 2.0]), np.array([0.5, 1.0, 1.5])
    chance = (1 / (1 + np.exp(-offsets - slopes * logit))).prod(axis=1)
    found = calibration.fit(logit, rng.random(3_000) < chance)
    assert found.offsets == pytest.approx(offsets, abs=0.5)
    assert found.slopes == pytest.approx(slopes, abs=0.5)


def test_calibration_error_is_the_distance_from_the_share_that_is_right() -> None:
    confidence = np.full(100, 0.9, np.float32)
    assert calibration_error(confidence, np.arange(100) < 90) == pytest.approx(0, abs=1e-6)
    assert calibration_error(confidence, np.arange(100) < 50) == pytest.approx(0.4)


def test_an_answer_withheld_is_no_right_answer() -> None:
    found = judged([answer.YES, 0, 0], [answer.YES, answer.NO, 0], [0.9, 0.3, 0.1])
    assert found.right.tolist() == [True, False, True]
    assert found.answered.tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (answer.UNKNOWN, "unknown"),
        (answer.NO, "no"),
        (answer.NUMBER, "0"),
        (answer.NUMBER + 7, "7"),
        (answer.NUMBER + 12, "7"),
        (answer.COLOUR, "red"),
        (answer.COLOUR + 7, "black"),
        (answer.SHAPE + 2, "triangle"),
        (answer.BOTTOM, "bottom"),
        (answer.KIND + 23, "a thing"),
        (answer.SAME, "a set"),
        (answer.COLOUR_SET + 255, "a list"),
        (answer.DESCRIPTION, "a list"),
    ],
)
def test_each_answer_has_its_place_in_the_confusion_matrix(number: int, name: str) -> None:
    counts = report.confusion(judged([number], [answer.YES], [0.9]))
    assert [report.CLASSES[column] for column in np.argwhere(counts)[0]] == ["yes", name]
