"""serving.train.vqa.judgement: what makes a picture a drawing of nothing but our things."""

from __future__ import annotations

import numpy as np
import pytest

from serving.train.vqa import eyes, judgement, samples
from serving.train.vqa.calibration import Calibration, Floats, Mask
from serving.train.vqa.eyes import CLEAR


@pytest.fixture
def pictures() -> tuple[Floats, Mask]:
    """Return evidence and truth of 2,000 pictures: ours look better and have nothing strange."""
    rng = np.random.default_rng(8)
    ours = np.arange(2000) % 2 > 0
    looks = rng.normal(6 * ours - 3, 1.5)
    ordinary = np.clip(rng.normal(8 * ours - 4, 2), -CLEAR, CLEAR)
    return np.stack([looks, ordinary], axis=1), ours


def in_domain(weights: list[float], evidence: Floats) -> Floats:
    curves = Calibration(offsets=tuple(weights[:2]), slopes=tuple(weights[2:4]))
    return curves.chance(evidence) ** weights[4]


def test_hardly_any_of_our_drawings_is_refused(pictures: tuple[Floats, Mask]) -> None:
    evidence, ours = pictures
    accepted = in_domain(judgement.weigh(evidence, ours), evidence) >= 0.5
    assert accepted[ours].mean() >= 1 - judgement.REFUSED - 0.001
    assert accepted[~ours].mean() < 0.1


def test_no_good_looks_make_up_for_a_strange_thing(pictures: tuple[Floats, Mask]) -> None:
    weights = judgement.weigh(*pictures)
    best, spoilt = in_domain(weights, np.array([[CLEAR, CLEAR], [CLEAR, -CLEAR]]))
    assert best > 0.9
    assert spoilt < 0.1


def test_a_picture_is_judged_by_the_eyes_that_saw_it() -> None:
    rng = np.random.default_rng(4)
    evidence, ours = judgement.look(eyes.blank(), [samples.drawing(rng) for _ in range(4)])
    assert evidence.shape == (4, 2)
    assert ours.all()
    assert (np.abs(evidence) <= CLEAR).all()
