"""labels.shapes, held against what the model was trained to say."""

from __future__ import annotations

import pytest

from labels.shapes import colour_name, colours, shape_name, shapes
from serving.train.vqa import answer, world


def test_every_colour_and_shape_of_the_model_has_a_name() -> None:
    assert colours() == set(world.COLOURS)
    assert shapes() == set(world.SHAPES)


@pytest.mark.parametrize(
    ("language", "index"), [("en", answer.ENGLISH), ("zh", answer.CHINESE)], ids=["en", "zh"]
)
def test_names_are_those_of_the_model_s_own_answers(language: str, index: int) -> None:
    words = answer.texts(index)
    for colour in colours():
        assert colour_name(language, colour) in words
    for shape in shapes():
        assert shape_name(language, shape) in words


def test_several_have_their_plural() -> None:
    assert (shape_name("en", "circle", 2), shape_name("zh", "circle", 2)) == ("circles", "圆形")
