"""The fixed half of the model: reasoning about the things that were seen. Nothing here is learned.

Everything is a tensor over a batch of n questions and the ROWS things of each one's picture; every
task is reckoned for every question, and the right one picked, which takes microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from serving.train.vqa import answer
from serving.train.vqa.eyes import Objects
from serving.train.vqa.program import COMPARED, RELATIONS, TASKS, WEIGHED
from serving.train.vqa.world import COLOURS, ROWS, SHAPES

_FAR = 100.0  # longer sides; no two things are so far apart
# Where the difference of two places, in longer sides, or of the logarithms of two sizes is as large
# as this, the answer is as sure as it gets to some two thirds.
_PLACE, _SIZE = 0.008, 0.025
_ONE_OF_SEVERAL = 0.3  # how sure it is which one was meant


class Asked(NamedTuple):
    """Programs of n lines as tensors: int32 [n], see program.Program.slots."""

    task: Any
    relation: Any
    colour: Any  # of A
    shape: Any
    order: Any
    it: Any
    colour_b: Any
    shape_b: Any
    order_b: Any
    it_b: Any


class Scene(NamedTuple):
    """The things of n pictures, as reasoning needs them: float32 [n, ROWS]."""

    kept: Any  # 0 or 1
    x: Any
    y: Any
    size: Any  # its logarithm
    cx: Any
    cy: Any
    colour: Any  # int32 [n, ROWS], index in world.COLOURS
    shape: Any


class Found(NamedTuple):
    """One thing of each picture, or none."""

    row: Any  # float32 [n, ROWS]: one 1, or all 0
    sure: Any  # float32 [n], 0..1: by how much it leads over the next


class Answered(NamedTuple):
    """What reasoning comes to: [n] each."""

    number: Any  # int32, of serving.train.vqa.answer
    sure: Any  # float32, 0..1: how clear the weakest comparison was


def scene(seen: Objects) -> Scene:
    """Return the likeliest reading of what was seen."""
    return Scene(
        kept=tf.cast(seen.kept, tf.float32),
        x=seen.x,
        y=seen.y,
        size=tf.math.log(tf.maximum(seen.size, 1e-6)),
        cx=seen.cx,
        cy=seen.cy,
        colour=tf.argmax(seen.colour_probs, axis=-1, output_type=tf.int32),
        shape=tf.argmax(seen.shape_probs, axis=-1, output_type=tf.int32),
    )


def focus(asked: Asked, things: Scene, before: Any) -> Any:
    """Return what "it" would mean after a line, float32 [n, ROWS]; before: what it meant till then.

    The thing that the line is answered with, or is about; of a set, the only one in it.
    """
    row = related(asked, things, one(asked, things, before)).row
    sets = matching(asked.colour, asked.shape, things)
    only = sets * tf.cast(tf.reduce_sum(sets, axis=1, keepdims=True) == 1, tf.float32)
    row = tf.where(_is(asked, "count", "exist")[:, tf.newaxis], only, row)
    nothing = _is(asked, "colors", "shapes", "describe", *WEIGHED)
    return tf.where(nothing[:, tf.newaxis], 0.0, row)


def matching(colour: Any, shape: Any, things: Scene) -> Any:
    """Return 1 for each thing of the colour and shape, float32 [n, ROWS]."""
    fits = _any_or(colour, things.colour) & _any_or(shape, things.shape)
    return things.kept * tf.cast(fits, tf.float32)


def _any_or(wanted: Any, traits: Any) -> Any:
    wanted = wanted[:, tf.newaxis]
    return (wanted == 0) | (wanted == traits + 1)


def one(asked: Asked, things: Scene, before: Any) -> Found:
    """Return the one thing that A means."""
    among = matching(asked.colour, asked.shape, things)
    found = _first(among, _rank(asked.order, things))
    several = (asked.order == 0) & (tf.reduce_sum(among, axis=1) > 1)
    found = found._replace(sure=tf.where(several, _ONE_OF_SEVERAL, found.sure))
    it = asked.it > 0
    return Found(tf.where(it[:, tf.newaxis], before, found.row), tf.where(it, 1.0, found.sure))


def _rank(order: Any, things: Scene) -> Any:
    """Return what is least for the thing that an order names, in longer sides."""
    size = things.size * (_PLACE / _SIZE)
    ranks = [0 * size, -size, size, things.x, -things.x, things.y, -things.y]
    return _choose(tf.stack(ranks, axis=1), order)


def _choose(options: Any, index: Any) -> Any:
    """Return options [n, choices, ...] at index [n]."""
    return tf.gather(options, index, axis=1, batch_dims=1)


def _first(among: Any, rank: Any) -> Found:
    """Return the thing of least rank."""
    ranks = tf.where(among > 0, rank, _FAR)
    best = tf.one_hot(tf.argmin(ranks, axis=1), ROWS) * among
    lead = tf.reduce_min(tf.where(best > 0, 2 * _FAR, ranks), axis=1) - tf.reduce_min(ranks, axis=1)
    return Found(best, tf.where(tf.reduce_sum(among, axis=1) > 1, _sure(lead), 1.0))


def _sure(lead: Any) -> Any:
    """Return how clear a difference is: 1/2 for none at all."""
    return tf.sigmoid(tf.abs(lead) / _PLACE)


def _at(row: Any, trait: Any) -> Any:
    return tf.reduce_sum(row * trait, axis=1, keepdims=True)


def related(asked: Asked, things: Scene, a: Found) -> Found:
    """Return the thing that stands to A as the question says, or A itself."""
    across = things.x - _at(a.row, things.x)
    down = things.y - _at(a.row, things.y)
    distance = tf.sqrt(across**2 + down**2)
    there = tf.reduce_sum(a.row, axis=1, keepdims=True)
    others = things.kept * (1 - a.row) * there
    leads = tf.stack([0 * across, -across, across, -down, down, distance, distance], axis=1)
    lead = _choose(leads, asked.relation)
    relation = asked.relation[:, tf.newaxis]
    ahead = others * tf.cast(lead > 0, tf.float32)
    within = ahead * tf.cast(lead >= 0.7 * distance, tf.float32)  # more to that side than across
    some = tf.reduce_any(within > 0, axis=1, keepdims=True)
    far = relation == RELATIONS.index("far")
    found = _first(tf.where(some, within, ahead), tf.where(far, -distance, distance))
    itself = relation == 0
    return Found(
        tf.where(itself, a.row, found.row),
        tf.where(itself[:, 0], a.sure, tf.minimum(a.sure, found.sure)),
    )


def execute(asked: Asked, things: Scene, before: Any) -> Answered:
    """Return the answers to n lines; before: what the line before was about, [n, ROWS]."""
    a = one(asked, things, before)
    thing = related(asked, things, a)
    b = one(_second(asked), things, before)
    sets = matching(asked.colour, asked.shape, things)
    numbers = (
        tf.reduce_sum(sets, axis=1),
        tf.reduce_sum(matching(asked.colour_b, asked.shape_b, things), axis=1),
    )
    tables = {
        **_aspects(thing.row, things),
        **_compared(a.row, b.row, things),
        **_weighed(*numbers),
        **_surveyed(things),
        "count": answer.NUMBER + tf.cast(numbers[0], tf.int32),
        "exist": _yes(numbers[0] > 0),
    }
    unknown = tf.fill(tf.shape(asked.task), answer.UNKNOWN)
    ordered = tf.stack([tables.get(task, unknown) for task in TASKS], axis=1)
    return Answered(
        _choose(ordered, asked.task),
        _certainty(asked, things, a, b, thing),
    )


def _second(asked: Asked) -> Asked:
    return asked._replace(
        colour=asked.colour_b, shape=asked.shape_b, order=asked.order_b, it=asked.it_b
    )


def _is(asked: Asked, *tasks: str) -> Any:
    return tf.reduce_any(asked.task[:, tf.newaxis] == [TASKS.index(each) for each in tasks], axis=1)


def _certainty(asked: Asked, things: Scene, a: Found, b: Found, thing: Found) -> Any:
    """Return the least of the certainties that the task depends on."""
    across, down = _at(a.row, things.cx)[:, 0] - 0.5, _at(a.row, things.cy)[:, 0] - 0.5
    compared = tf.stack([_lead(task, a.row, b.row, things) for task in COMPARED], axis=1)
    first = COMPARED[0]
    index = tf.clip_by_value(asked.task - TASKS.index(first), 0, len(COMPARED) - 1)
    found = tf.minimum(tf.minimum(a.sure, b.sure), _sure(_choose(compared, index)))
    sure = tf.where(_is(asked, *COMPARED), found, thing.sure)
    sure = tf.where(_is(asked, "leftright"), tf.minimum(a.sure, _sure(across)), sure)
    sure = tf.where(_is(asked, "updown"), tf.minimum(a.sure, _sure(down)), sure)
    sets = _is(asked, "count", "exist", "colors", "shapes", "describe", *WEIGHED)
    return tf.where(sets, 1.0, sure)


def _need(row: Any, number: Any) -> Any:
    """Return the number where there is such a thing, and NONE elsewhere."""
    return tf.where(tf.reduce_sum(row, axis=1) > 0, number, answer.NONE)


def _yes(said: Any) -> Any:
    return tf.where(said, answer.YES, answer.NO)


def _aspects(row: Any, things: Scene) -> Mapping[str, Any]:
    colour = tf.cast(_at(row, tf.cast(things.colour, tf.float32)), tf.int32)
    shape = tf.cast(_at(row, tf.cast(things.shape, tf.float32)), tf.int32)
    halves = _at(row, things.cx)[:, 0] < 0.5, _at(row, things.cy)[:, 0] < 0.5
    found = {
        "color": answer.COLOUR + colour[:, 0],
        "shape": answer.SHAPE + shape[:, 0],
        "what": answer.KIND + colour[:, 0] * len(SHAPES) + shape[:, 0],
        "leftright": tf.where(halves[0], answer.LEFT, answer.RIGHT),
        "updown": tf.where(halves[1], answer.TOP, answer.BOTTOM),
        "same_color": _alike(things.colour == colour, things),
        "same_shape": _alike(things.shape == shape, things),
    }
    return {task: _need(row, number) for task, number in found.items()}


def _alike(same: Any, things: Scene) -> Any:
    number = tf.reduce_sum(things.kept * tf.cast(same, tf.float32), axis=1)
    return answer.NUMBER + tf.maximum(tf.cast(number, tf.int32) - 1, 0)


def _lead(task: str, a: Any, b: Any, things: Scene) -> Any:
    """Return how far the first of two leads, in longer sides, [n]; sizes count by ratio."""
    size = (_at(a, things.size) - _at(b, things.size)) * (_PLACE / _SIZE)
    across, down = _at(a, things.x) - _at(b, things.x), _at(a, things.y) - _at(b, things.y)
    leads = {
        "left_of": -across, "right_of": across, "above": -down, "below": down,
        "bigger": size, "smaller": -size,
    }  # fmt: skip
    return leads[task][:, 0]


def _compared(a: Any, b: Any, things: Scene) -> Mapping[str, Any]:
    return {task: _need(a, _need(b, _yes(_lead(task, a, b, things) > 0))) for task in COMPARED}


def _weighed(first: Any, second: Any) -> Mapping[str, Any]:
    most = tf.where(first > second, answer.FIRST, answer.SECOND)
    return {
        "more": _yes(first > second),
        "fewer": _yes(first < second),
        "equal": _yes(first == second),
        "most": tf.where(first == second, answer.SAME, most),
    }


def _surveyed(things: Scene) -> Mapping[str, Any]:
    kept = things.kept[..., tf.newaxis]
    found = [
        (answer.COLOUR_SET, tf.reduce_max(kept * tf.one_hot(things.colour, len(COLOURS)), axis=1)),
        (answer.SHAPE_SET, tf.reduce_max(kept * tf.one_hot(things.shape, len(SHAPES)), axis=1)),
    ]
    colours, shapes = (
        start
        + tf.reduce_sum(tf.cast(each, tf.int32) * [1 << i for i in range(each.shape[-1])], axis=1)
        for start, each in found
    )
    return {
        "colors": colours,
        "shapes": shapes,
        "describe": tf.fill(tf.shape(colours), answer.DESCRIPTION),
    }
