"""worker.scene"""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.chaos.models import scene as described
from worker.errors import ModelUnavailable
from worker.scene import Thing, describe, parse, read_scene, suggest, write

Box = tuple[float, float, float, float]


def thing(colour: str, shape: str, x: float, y: float = 0.5, size: float = 0.1) -> Thing:
    box = (y - size / 2, x - size / 2, y + size / 2, x + size / 2)
    return Thing(colour=colour, shape=shape, box=box)


RED, BLUE = thing("red", "circle", 0.2), thing("blue", "square", 0.4)
BIG = thing("blue", "square", 0.8, size=0.3)


def test_scene_is_read_and_kept() -> None:
    box = [0.1, 0.2, 0.3, 0.4]
    scene = read_scene(described(("red", "circle", box), ("pink", "triangle", box)))
    assert [(each.colour, each.shape, each.box) for each in scene] == [
        ("red", "circle", tuple(box)),
        ("pink", "triangle", tuple(box)),
    ]
    assert parse(write(scene)) == scene
    assert read_scene(described()) == []
    assert write([]) == ""


def test_picture_of_something_else_has_no_scene() -> None:
    other = described(("red", "circle", [0.1, 0.1, 0.2, 0.2])) | {"in_domain": 0.49}
    assert read_scene(other) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"num_detections": "two"}, {"num_detections": 21}, {"num_detections": None},
        {"detection_boxes": None}, {"detection_boxes": [[0.1, 0.1, 0.2]] * 20},
        {"detection_boxes": [[math.nan] * 4] * 20}, {"detection_boxes": [[0.5, 0.5, 0.1, 0.]] * 20},
        {"detection_colours": ["mauve"] * 20}, {"detection_shapes": ["star"] * 20},
        {"detection_shapes": ["circle"]}, {"in_domain": None}, {"in_domain": math.nan},
    ],
)  # fmt: skip
def test_scene_in_another_form_is_unavailable(wrong: dict[str, Any]) -> None:
    good = described(("red", "circle", [0.1, 0.1, 0.2, 0.2]))
    with pytest.raises(ModelUnavailable):
        read_scene(good | wrong)


@pytest.mark.parametrize("answer", [None, [], 3, "circle", {}])
def test_answer_without_a_scene_is_unavailable(answer: Any) -> None:
    with pytest.raises(ModelUnavailable):
        read_scene(answer)


@pytest.mark.parametrize("text", ["", "{", "[1]", '[["red", "circle", [0, 0]]]', "null"])
def test_kept_scene_of_another_release_is_none(text: str) -> None:
    assert parse(text) == []


def test_scene_is_described_in_both_languages() -> None:
    scene = [RED, BLUE, BIG]
    assert describe(scene, "zh") == "图里有 3 个图形：1 个红色的圆形、2 个蓝色的正方形。"
    assert (
        describe(scene, "en") == "There are 3 shapes in your picture: 1 red circle, 2 blue squares."
    )
    assert describe([RED], "zh") == "图里有 1 个图形：红色的圆形。"
    assert describe([RED], "en") == "There is 1 shape in your picture: red circle."


def test_what_is_plain_to_see_is_suggested() -> None:
    assert suggest([RED, BLUE, BIG], "zh") == [
        "最大的图形是什么颜色？",
        "离红色的圆形最近的图形是什么颜色？",
    ]
    assert suggest([RED, BLUE, BIG], "en") == [
        "What colour is the largest shape?",
        "What colour is the shape nearest to the red circle?",
    ]


def test_other_questions_follow_those_that_were_asked() -> None:
    asked = suggest([RED, BLUE, BIG], "zh")
    assert suggest([RED, BLUE, BIG], "zh", asked) == [
        "图里有几个正方形？",
        "红色的圆形在左边还是右边？",
    ]


@pytest.mark.parametrize(
    "scene",
    [
        [],
        [thing("red", "circle", 0.5)],  # in the middle
        [RED, thing("red", "circle", 0.8)],  # which of them?
        [thing("red", "circle", 0.47), thing("red", "circle", 0.53, size=0.11)],  # about as large
    ],
)
def test_nothing_is_suggested_that_could_be_answered_wrongly(scene: list[Thing]) -> None:
    assert suggest(scene, "zh") == []


def test_nearness_is_that_of_the_picture_and_not_of_its_parts() -> None:
    """In a picture four times as wide as high, a tenth across is as far as four tenths down."""

    def wide(colour: str, x: float, y: float) -> Thing:
        return Thing(colour=colour, shape="circle", box=(y - 0.08, x - 0.02, y + 0.08, x + 0.02))

    near, far = wide("blue", 0.5, 0.8), wide("green", 0.7, 0.5)
    assert "离红色的圆形最近的图形是什么颜色？" in suggest([wide("red", 0.5, 0.5), near, far], "zh")
    unclear = wide("green", 0.5 + 0.3 / 4, 0.5)  # as far as the blue one
    assert not any(
        "离红色" in each for each in suggest([wide("red", 0.5, 0.5), near, unclear], "zh")
    )
