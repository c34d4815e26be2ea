"""serving.train.vqa.judgement: what makes a picture a drawing of nothing but our things."""

from __future__ import annotations

import numpy as np
import pytest

from serving.train.vqa import eyes, judgement, samples
from serving.train.vqa.eyes import CLEAR
from serving.train.vqa.judgement import Floats


@pytest.fixture
def pictures() -> tuple[Floats, Floats]:
    """Return evidence and truth of 2,000 pictures: ours look better and have nothing strange."""
    rng = np.random.default_rng(8)
    ours = (np.arange(2000) % 2).astype(np.float64)
    looks = rng.normal(6 * ours - 3, 1.5)
    strangest = [np.clip(rng.normal(4 - 8 * ours, 2), -CLEAR, CLEAR) for _ in range(2)]
    return np.stack([np.ones(2000), looks, *strangest], axis=1), ours


def test_hardly_any_of_our_drawings_is_refused(pictures: tuple[Floats, Floats]) -> None:
    evidence, ours = pictures
    accepted = evidence @ judgement.fit(evidence, ours) >= 0
    assert accepted[ours == 1].mean() >= 1 - judgement.REFUSED - 0.001
    assert accepted[ours == 0].mean() < 0.1


def test_good_looks_speak_for_a_picture_and_a_strange_thing_against_it(
    pictures: tuple[Floats, Floats],
) -> None:
    _, looks, strangest, closely = judgement.fit(*pictures)
    assert looks > 0 > strangest
    assert closely < 0


def test_a_picture_is_judged_by_the_eyes_that_saw_it() -> None:
    rng = np.random.default_rng(4)
    evidence, ours = judgement.look(eyes.blank(), [samples.drawing(rng) for _ in range(4)])
    assert evidence.shape == (4, 4)
    assert ours.tolist() == [1, 1, 1, 1]
    assert (evidence[:, 0] == 1).all()
    assert (np.abs(evidence) <= CLEAR).all()
