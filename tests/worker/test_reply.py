"""worker.reply"""

from __future__ import annotations

import pytest

from labels import phrase
from labels.classes import ClassName
from worker.reply import describe
from worker.vision import Guess

CAT = ClassName(english="tabby", chinese="虎斑猫")
DOG = ClassName(english="Cardigan (dog)", chinese="")
FOX = ClassName(english="red fox", chinese="赤狐")


def guess(name: ClassName | None, probability: float) -> Guess:
    return Guess(name=name, probability=probability)


def test_sure() -> None:
    guesses = [guess(CAT, 0.973), guess(DOG, 0.02)]
    assert (
        describe(guesses, "zh", "demo").text == "让我猜猜，你发的这张图片有 97.3% 的概率是：虎斑猫"
    )
    assert describe(guesses, "en", "demo").text.endswith(
        "with 97.3% probability your picture shows: tabby"
    )


def test_not_sure_names_the_best_three() -> None:
    guesses = [guess(CAT, 0.41), guess(DOG, 0.22), guess(FOX, 0.09), guess(CAT, 0.08)]
    said = describe(guesses, "zh", "demo").text
    assert "1. 虎斑猫（41.0%）\n2. Cardigan (dog)（22.0%）\n3. 赤狐（9.0%）" in said
    assert "4." not in said


@pytest.mark.parametrize(
    "guesses",
    [
        [],
        [guess(CAT, 0.249)],
        [guess(None, 0.99), guess(CAT, 0.01)],  # the background class
    ],
)
def test_cannot_tell(guesses: list[Guess]) -> None:
    assert describe(guesses, "en", "demo").text == phrase("en", "cannot_tell")


@pytest.mark.parametrize(("probability", "sure"), [(0.6, True), (0.599, False)])
def test_where_sure_begins(probability: float, sure: bool) -> None:
    assert describe([guess(CAT, probability)], "zh", "demo").text.startswith("让我猜猜") == sure


def test_nothing_is_called_certain() -> None:
    assert "99.9%" in describe([guess(CAT, 1.0)], "zh", "demo").text
