"""Lines that lean on the line before: what "it" means, and what "and the red one?" asks."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from serving.train.vqa import executor
from serving.train.vqa.executor import Asked, Scene
from serving.train.vqa.program import TASKS
from serving.train.vqa.reading import LINES

_ELLIPSIS, _WHAT = TASKS.index("ellipsis"), TASKS.index("what")


class Resolved(NamedTuple):
    """The last line of n conversations, with all that it leans on filled in."""

    asked: Asked
    before: Any  # float32 [n, ROWS]: what "it" means
    sure: Any  # float32 [n], 0..1: that the lines were understood


class _Past(NamedTuple):
    """What the lines so far come to."""

    asked: Asked
    focus: Any
    sure: Any  # 0 where there was no line, or none that was understood


def resolve(asked: Asked, sure: Any, things: Scene) -> Resolved:
    """Return the question of each conversation.

    asked: [n, LINES] in each slot, the last line last, of task unknown where there is no line;
    sure: float32 [n, LINES], how surely each was understood.
    """
    past = _beginning(asked, things)
    for line in range(LINES - 1):
        past = _after(_standing(_line(asked, line), past), sure[:, line], past, things)
    last = _standing(_line(asked, LINES - 1), past)
    known = _leaning(last, sure[:, LINES - 1], past)
    return Resolved(_filled(last, past, things), past.focus, known)


def _line(asked: Asked, line: int) -> Asked:
    return Asked(*(slot[:, line] for slot in asked))


def _standing(asked: Asked, past: _Past) -> Asked:
    """Return the line; "the rightmost one", with nothing to lean on, as the question what it is."""
    alone = (asked.task == _ELLIPSIS) & (asked.order > 0) & (past.sure <= 0)
    return asked._replace(task=tf.where(alone, _WHAT, asked.task))


def _beginning(asked: Asked, things: Scene) -> _Past:
    nothing = Asked(*(tf.zeros_like(slot[:, 0]) for slot in asked))
    return _Past(nothing, tf.zeros_like(things.kept), tf.zeros_like(things.kept[:, 0]))


def _after(asked: Asked, sure: Any, past: _Past, things: Scene) -> _Past:
    """Return the past after a line; one that was not understood leaves it as it was."""
    known = _leaning(asked, sure, past)
    whole = _filled(asked, past, things)
    clear = (whole.task > 0) & (known > 0.5)
    focus = executor.focus(whole, things, past.focus)
    return _Past(
        Asked(*(tf.where(clear, *pair) for pair in zip(whole, past.asked, strict=True))),
        tf.where(clear[:, tf.newaxis], focus, past.focus),
        tf.where(clear, known, past.sure),
    )


def _leaning(asked: Asked, sure: Any, past: _Past) -> Any:
    """Return how surely a line is understood; one that leans on nothing is not."""
    pointing = (asked.it > 0) | (asked.it_b > 0)
    meant = tf.reduce_sum(past.focus, axis=1)
    on = tf.where(asked.task == _ELLIPSIS, past.sure, tf.where(pointing, past.sure * meant, 1.0))
    return sure * on


def _filled(asked: Asked, past: _Past, things: Scene) -> Asked:
    """Return the line; an ellipsis as the line before, asked of another thing."""
    before = past.asked
    shared = asked._replace(
        colour=_or(asked.colour, before.colour),
        shape=_or(asked.shape, before.shape),
    )
    some = tf.reduce_sum(executor.matching(shared.colour, shared.shape, things), axis=1) > 0
    again = before._replace(
        colour=tf.where(some, shared.colour, asked.colour),
        shape=tf.where(some, shared.shape, asked.shape),
        order=_or(asked.order, before.order),
        it=tf.zeros_like(before.it),
    )
    ellipsis = asked.task == _ELLIPSIS
    return Asked(*(tf.where(ellipsis, *pair) for pair in zip(again, asked, strict=True)))


def _or(said: Any, before: Any) -> Any:
    return tf.where(said > 0, said, before)
