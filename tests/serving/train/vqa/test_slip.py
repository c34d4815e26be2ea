"""serving.train.vqa.slip: typing as people type."""

from __future__ import annotations

import numpy as np
import pytest

from serving.train.vqa import slip


def test_traditional_characters_stand_for_simplified_ones_one_by_one() -> None:
    assert slip.traditional("图里有几个红色的圆") == "圖裡有幾個紅色的圓"
    assert len(set(slip.TRADITIONAL)) == len(slip.TRADITIONAL) == len(slip.SIMPLIFIED)
    assert not set(slip.TRADITIONAL) & set(slip.SIMPLIFIED)


def test_wide_text_is_full_width() -> None:
    assert slip.wide("how many?") == "ｈｏｗ　ｍａｎｙ？"


@pytest.mark.parametrize("text", ["how many circles are there", "图里有几个红色的圆", "a b c", "!"])
def test_a_slip_changes_little(text: str) -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        assert abs(len(slip.mistyped(rng, text)) - len(text)) <= 1


def test_slips_differ() -> None:
    rng = np.random.default_rng(5)
    assert len({slip.mistyped(rng, "how many circles are there") for _ in range(50)}) > 20
