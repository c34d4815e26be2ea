"""Answers in words, inside the graph: in the language of the question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from serving.train.vqa import answer
from serving.train.vqa.answer import CHINESE, ENGLISH
from serving.train.vqa.executor import Asked, Scene
from serving.train.vqa.program import OTHER_SHAPE, TASKS
from serving.train.vqa.world import COLOURS, ROWS, SHAPES

_KINDS = len(COLOURS) * len(SHAPES)


class Speech:
    """The words of every answer, in both languages."""

    def __init__(self) -> None:
        self._texts = _both(answer.texts)
        self._none = _both(answer.none_texts)
        self._sets = _both(answer.set_texts)
        self._counted = tf.reshape(_both(answer.counted_texts), [2, _KINDS, ROWS + 1])
        self._there = tf.constant(answer.THERE)

    def say(self, number: Any, asked: Asked, things: Scene, language: Any) -> Any:
        """Return the words of answers, string [n]; language: int32 [n], of answer.ENGLISH."""
        first = asked.colour * (OTHER_SHAPE + 1) + asked.shape
        second = asked.colour_b * (OTHER_SHAPE + 1) + asked.shape_b
        lost = tf.where(_exists(first, things), second, first)
        simple = (asked.relation == 0) & (asked.it + asked.it_b == 0)
        exist = (asked.task == TASKS.index("exist")) & _in(number, answer.YES, answer.NO)
        words = _look_up(self._texts, language, number)
        for case, other in (
            (exist, _look_up(self._there, language, tf.where(number == answer.YES, 0, 1))),
            ((number == answer.NONE) & simple, _look_up(self._none, language, lost)),
            (number == answer.FIRST, _look_up(self._sets, language, first)),
            (number == answer.SECOND, _look_up(self._sets, language, second)),
            (number == answer.DESCRIPTION, self.describe(things, language)),
        ):
            words = tf.where(case, other, words)
        return words

    def describe(self, things: Scene, language: Any) -> Any:
        """Return "2 shapes: a red circle and a blue square", string [n]."""
        kinds = tf.one_hot(things.colour * len(SHAPES) + things.shape, _KINDS)
        numbers = tf.cast(tf.reduce_sum(things.kept[..., tf.newaxis] * kinds, axis=1), tf.int32)
        names = tf.gather(tf.gather(self._counted, language), numbers, axis=2, batch_dims=2)
        there = tf.cast(numbers > 0, tf.int32)
        place = tf.cumsum(there, axis=1)  # 1 for the first kind there is
        last = place[:, -1:]
        lead = tf.where(place == 1, 0, tf.where(place == last, 2, 1)) * there
        links = tf.constant(
            [("", comma, end) for comma, end in zip(answer.COMMA, answer.AND, strict=True)]
        )
        link = tf.gather(tf.gather(links, language), lead, batch_dims=1)
        listed = tf.strings.reduce_join(tf.strings.join([link, names]), axis=1)
        total = tf.reduce_sum(numbers, axis=1)
        many = tf.strings.regex_replace(tf.gather(answer.MANY, language), r"\{\}", "")
        head = tf.where(
            total == 1,
            tf.gather(answer.ONE, language),
            tf.strings.join([tf.strings.as_string(total), many]),
        )
        nothing = tf.gather(answer.NOTHING, language)
        return tf.where(total == 0, nothing, tf.strings.join([head, listed]))


def _both(table: Callable[[int], list[str]]) -> Any:
    return tf.constant([table(ENGLISH), table(CHINESE)])


def _look_up(table: Any, language: Any, index: Any) -> Any:
    return tf.gather_nd(table, tf.stack([language, index], axis=1))


def _in(number: Any, *numbers: int) -> Any:
    return tf.reduce_any(number[:, tf.newaxis] == list(numbers), axis=1)


def _exists(kind: Any, things: Scene) -> Any:
    """Return whether something fits a colour and shape: bool [n]."""
    colour, shape = kind // (OTHER_SHAPE + 1), kind % (OTHER_SHAPE + 1)
    fits = ((colour[:, tf.newaxis] == 0) | (colour[:, tf.newaxis] == things.colour + 1)) & (
        (shape[:, tf.newaxis] == 0) | (shape[:, tf.newaxis] == things.shape + 1)
    )
    return tf.reduce_any(fits & (things.kept > 0), axis=1)
