"""serving.train.vqa.speech and answer: the words of answers."""

from __future__ import annotations

import pytest
import tensorflow as tf

from serving.train.vqa import answer, executor
from serving.train.vqa.answer import CHINESE, ENGLISH
from serving.train.vqa.executor import Asked
from serving.train.vqa.program import Program, Referent, of_family
from serving.train.vqa.scene import Scene, Thing
from serving.train.vqa.speech import Speech
from serving.train.vqa.world import CIRCLE, COLOURS, SQUARE
from tests.serving.train.vqa.sight import perfect

RED, ORANGE = Referent(colour=1), Referent(colour=2)
THINGS = (
    Thing(x=0.2, y=0.2, size=0.05, colour=0, shape=CIRCLE),
    Thing(x=0.5, y=0.2, size=0.05, colour=0, shape=CIRCLE),
    Thing(x=0.8, y=0.2, size=0.05, colour=1, shape=SQUARE),
)


def scene(count: int) -> Scene:
    return Scene(width=1, height=1, things=THINGS[:count])


@pytest.fixture(scope="module")
def speech() -> Speech:
    return Speech()


def say(speech: Speech, program: Program, number: int, language: int, count: int = 3) -> str:
    asked = Asked(*tf.unstack(tf.constant([program.slots], tf.int32), axis=1))
    things = executor.scene(perfect([scene(count)]))
    return str(speech.say(tf.constant([number]), asked, things, tf.constant([language]))
               .numpy()[0].decode())  # fmt: skip


@pytest.mark.parametrize(
    ("program", "number", "english", "chinese"),
    [
        (of_family("count", a=RED), answer.NUMBER + 2, "2", "2 个"),
        (of_family("exist", a=RED), answer.YES, "yes", "有"),
        (of_family("exist", a=Referent(shape=3)), answer.NO, "no", "没有"),
        (of_family("more", a=RED, b=ORANGE), answer.NO, "no", "不是"),
        (of_family("most", a=RED, b=ORANGE), answer.FIRST, "red shapes", "红色的图形"),
        (of_family("most", a=RED, b=ORANGE), answer.SECOND, "orange shapes", "橙色的图形"),
        (of_family("most", a=RED, b=ORANGE), answer.SAME, "there are as many of each", "一样多"),
        (of_family("what_largest"), answer.KIND + 4, "an orange square", "橙色的正方形"),
        (of_family("colors"), answer.COLOUR_SET + 7, "red, orange and yellow", "红色、橙色和黄色"),
        (of_family("shapes"), answer.SHAPE_SET + 1, "circle", "圆形"),
        (of_family("color_of", a=Referent(shape=3)), answer.NONE, "there is no triangle",
         "没有三角形"),
        (of_family("bigger", a=RED, b=Referent(colour=5)), answer.NONE, "there is no blue shape",
         "没有蓝色的图形"),
        (of_family("what_left", a=RED), answer.NONE, "there is no such shape", "没有这样的图形"),
        (of_family("color_of", a=Referent(shape=4)), answer.NONE, "there is no such shape",
         "没有这样的图形"),
        (of_family("leftright", a=RED), answer.LEFT, "on the left", "左边"),
        (Program(task="unknown"), answer.UNKNOWN, "I don't know", "我不知道"),
    ],
)  # fmt: skip
def test_answers_are_said_in_the_language_of_the_question(
    speech: Speech, program: Program, number: int, english: str, chinese: str
) -> None:
    assert say(speech, program, number, ENGLISH) == english
    assert say(speech, program, number, CHINESE) == chinese


@pytest.mark.parametrize(
    ("count", "english", "chinese"),
    [
        (0, "there are no shapes", "图里没有图形"),
        (1, "1 shape: a red circle", "1 个图形：红色的圆形"),
        (2, "2 shapes: 2 red circles", "2 个图形：2 个红色的圆形"),
        (3, "3 shapes: 2 red circles and an orange square",
         "3 个图形：2 个红色的圆形和橙色的正方形"),
    ],
)  # fmt: skip
def test_descriptions_count_what_is_alike(
    speech: Speech, count: int, english: str, chinese: str
) -> None:
    described = of_family("describe")
    assert say(speech, described, answer.DESCRIPTION, ENGLISH, count) == english
    assert say(speech, described, answer.DESCRIPTION, CHINESE, count) == chinese


@pytest.mark.parametrize("language", [ENGLISH, CHINESE])
def test_every_answer_has_words(language: int) -> None:
    texts = answer.texts(language)
    silent = [number for number, text in enumerate(texts) if not text]
    assert len(texts) == answer.COUNT
    assert silent == [answer.FIRST, answer.SECOND, answer.DESCRIPTION]  # composed
    assert texts[answer.COLOUR : answer.COLOUR + 8] == list(
        COLOURS if language == ENGLISH else answer.texts(CHINESE)[answer.COLOUR : answer.SHAPE]
    )
