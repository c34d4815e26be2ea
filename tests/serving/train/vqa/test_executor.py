"""serving.train.vqa.executor and dialogue: reasoning in the graph agrees with the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from serving.train.vqa import answer, dialogue, exam, executor, truth
from serving.train.vqa.answer import CHINESE, ENGLISH
from serving.train.vqa.executor import Asked
from serving.train.vqa.program import ORDERS, Program, Referent, of_family
from serving.train.vqa.question import Asker, Question
from serving.train.vqa.reading import LINES
from serving.train.vqa.scene import Scene, Thing, compose
from serving.train.vqa.wording import FOLDER
from serving.train.vqa.world import CIRCLE, COLOURS, SQUARE, TRIANGLE
from tests.serving.train.vqa.sight import perfect

RED, GREEN, BLUE = (COLOURS.index(each) for each in ("red", "green", "blue"))
RED_ONE, GREEN_ONE, BLUE_ONE = (Referent(colour=1 + each) for each in (RED, GREEN, BLUE))
IT = Referent(it=1)


def thing(x: float, y: float, size: float, colour: int, shape: int) -> Thing:
    return Thing(x=x, y=y, size=size, colour=colour, shape=shape)


#   large red circle      .          small green square
#          .        blue triangle            .
SCENE = Scene(
    width=1,
    height=1,
    things=(
        thing(0.2, 0.3, 0.12, RED, CIRCLE),
        thing(0.5, 0.6, 0.06, BLUE, TRIANGLE),
        thing(0.8, 0.3, 0.04, GREEN, SQUARE),
    ),
)


def slots(programs: Sequence[Program]) -> Asked:
    return Asked(*tf.unstack(tf.constant([each.slots for each in programs], tf.int32), axis=1))


def reason(programs: Sequence[Program], scenes: Sequence[Scene]) -> Any:
    things = executor.scene(perfect(scenes))
    return executor.execute(slots(programs), things, tf.zeros_like(things.kept))


def talk(*lines: Program) -> tuple[int, float]:
    """Return the number of the answer to the last line, and how surely it was understood."""
    padded = [Program(task="unknown")] * (LINES - len(lines)) + list(lines)
    asked = Asked(*(slot[tf.newaxis] for slot in slots(padded)))
    sure = tf.constant([[float(each.task != "unknown") for each in padded]])
    things = executor.scene(perfect([SCENE]))
    resolved = dialogue.resolve(asked, sure, things)
    found = executor.execute(resolved.asked, things, resolved.before)
    return int(found.number[0]), float(resolved.sure[0])


@pytest.fixture(scope="module")
def questions() -> list[tuple[Question, Scene]]:
    rng = np.random.default_rng(17)
    askers = [Asker(each) for each in exam.languages(FOLDER)]
    scenes = [compose(rng) for _ in range(700)]
    asked = [(askers[i % 2].ask(rng, scene), scene) for i, scene in enumerate(scenes)]
    return [(question, scene) for question, scene in asked if "\n" not in question.text]


def test_reasoning_and_truth_agree(questions: list[tuple[Question, Scene]]) -> None:
    found = reason([each.program for each, _ in questions], [scene for _, scene in questions])
    wrong = [
        each.text
        for (each, _), number in zip(questions, found.number.numpy(), strict=True)
        if each.answer != number
    ]
    assert len({each.kind for each, _ in questions}) > 40
    assert wrong == []


def test_what_is_clear_is_sure_and_what_is_close_is_not() -> None:
    close = Scene(
        width=1, height=1, things=(*SCENE.things[:2], thing(0.8, 0.3, 0.119, GREEN, SQUARE))
    )
    largest = of_family("largest_color")
    sure = reason([largest, largest], [SCENE, close]).sure.numpy()
    assert sure[0] > 0.99
    assert sure[1] < 0.7


def test_one_of_several_is_not_sure() -> None:
    anything = Program(task="color", a=Referent())
    assert reason([anything], [SCENE]).sure.numpy()[0] < 0.5


@pytest.mark.parametrize(
    ("family", "a", "wanted"),
    [
        ("what_right", RED_ONE, answer.KIND + 3 * BLUE + TRIANGLE),
        ("what_left", RED_ONE, answer.NONE),
        ("what_near", GREEN_ONE, answer.KIND + 3 * BLUE + TRIANGLE),
        ("far_color", GREEN_ONE, answer.COLOUR + RED),
        ("what_below", Referent(order=ORDERS.index("smallest")), answer.KIND + 3 * BLUE + TRIANGLE),
        ("total", Referent(), answer.NUMBER + 3),
        ("colors", Referent(), answer.COLOUR_SET + (1 << RED) + (1 << BLUE) + (1 << GREEN)),
        ("exist", Referent(shape=4), answer.NO),
        ("count", Referent(colour=9), answer.NUMBER),
        ("color_of", Referent(shape=4), answer.NONE),
        ("leftright", BLUE_ONE, answer.RIGHT),
    ],
)
def test_a_scene_answers(family: str, a: Referent, wanted: int) -> None:
    assert reason([of_family(family, a=a)], [SCENE]).number.numpy().tolist() == [wanted]


def test_it_is_what_the_line_before_was_answered_with() -> None:
    nearest = of_family("what_near", a=GREEN_ONE)  # the blue triangle
    assert talk(nearest, of_family("color_of", a=IT)) == (answer.COLOUR + BLUE, 1)
    assert talk(of_family("leftright", a=RED_ONE), of_family("what_right", a=IT)) == (
        answer.KIND + 3 * BLUE + TRIANGLE,
        1,
    )


def test_it_leads_through_three_lines() -> None:
    lines = [of_family("what_largest"), *[of_family("what_right", a=IT)] * 2]
    assert talk(*lines, of_family("color_of", a=IT)) == (answer.COLOUR + GREEN, 1)


def test_it_without_a_line_before_is_not_understood() -> None:
    assert talk(of_family("color_of", a=IT))[1] == 0


def test_it_after_a_line_about_nothing_is_not_understood() -> None:
    assert talk(of_family("colors"), of_family("color_of", a=IT))[1] == 0


def test_a_line_that_was_not_understood_is_passed_over() -> None:
    thanks = Program(task="unknown")
    lines = [of_family("what_largest"), thanks, of_family("color_of", a=IT)]
    assert talk(*lines) == (answer.COLOUR + RED, 1)


@pytest.mark.parametrize(
    ("before", "said", "wanted"),
    [
        (of_family("count", a=RED_ONE), BLUE_ONE, answer.NUMBER + 1),
        (of_family("shape_of", a=RED_ONE), GREEN_ONE, answer.SHAPE + SQUARE),
        (of_family("largest_color"), Referent(order=2), answer.COLOUR + GREEN),
        (of_family("bigger", a=BLUE_ONE, b=GREEN_ONE), RED_ONE, answer.YES),
    ],
    ids=["count", "shape", "order", "bigger"],
)
def test_an_ellipsis_asks_the_line_before_of_another(
    before: Program, said: Referent, wanted: int
) -> None:
    assert talk(before, Program(task="ellipsis", a=said)) == (wanted, 1)


def test_an_ellipsis_keeps_the_shape_where_there_is_such_a_thing() -> None:
    red_circle = Referent(colour=1 + RED, shape=1 + CIRCLE)
    counted = of_family("count", a=red_circle)
    assert talk(counted, Program(task="ellipsis", a=Referent(shape=1 + SQUARE)))[0] == (
        answer.NUMBER + 1  # there is no red square, so all squares are meant
    )


def test_the_order_of_a_thing_alone_asks_what_it_is() -> None:
    leftmost = Referent(order=ORDERS.index("leftmost"))
    asked = talk(Program(task="what", a=leftmost))
    assert talk(Program(task="ellipsis", a=leftmost)) == asked
    assert asked[1] == 1


def test_an_ellipsis_alone_is_not_understood() -> None:
    assert talk(Program(task="ellipsis", a=RED_ONE))[1] == 0


@pytest.mark.parametrize("language", [ENGLISH, CHINESE])
def test_truth_refuses_what_has_no_one_answer(language: int) -> None:
    twins = Scene(width=1, height=1, things=(*SCENE.things, thing(0.5, 0.2, 0.05, RED, SQUARE)))
    with pytest.raises(truth.IllPosed):
        truth.find(of_family("shape_of", a=RED_ONE), twins)
    assert Asker(exam.languages(FOLDER)[language]).ask(np.random.default_rng(1), twins).answer
