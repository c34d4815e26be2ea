"""A picture of coloured shapes: what the model found in it, and what can be asked about that."""

from __future__ import annotations

import collections
import dataclasses
import functools
import json
import math
import statistics
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from labels import phrase
from labels.shapes import colour_name, colours, shape_name, shapes
from worker.errors import ModelUnavailable

_CLEARLY = 1.2  # times as large, or as near: less may look the same to a follower
_APART = 0.08  # of the picture's width: the same for left and right
_SUGGESTED = 2  # questions below an answer
_COLUMNS = ("boxes", "scores", "colours", "shapes")
Scene = Sequence["Thing"]  # from left to right


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One shape."""

    colour: str  # as the model says it: red
    shape: str  # circle
    box: tuple[float, float, float, float]  # top, left, bottom, right: parts of height and width

    @property
    def x(self) -> float:
        """Where its middle is, as a part of the picture's width."""
        return (self.box[1] + self.box[3]) / 2

    @property
    def y(self) -> float:
        """Where its middle is, as a part of the picture's height."""
        return (self.box[0] + self.box[2]) / 2


def read_scene(answer: Any) -> Scene:
    """Return what the model's signature `describe` says; none where it is no drawing of shapes.

    Raises ModelUnavailable.
    """
    try:
        return _read(answer) if is_drawing(answer) else []
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ModelUnavailable(f"describe in an unknown form: {type(error).__name__}") from None


def _read(answer: Any) -> Scene:
    columns = [answer[f"detection_{name}"] for name in _COLUMNS]
    count = int(answer["num_detections"])
    things = [
        Thing(colour=colour, shape=shape, box=_box(box))
        for box, _, colour, shape in list(zip(*columns, strict=True))[:count]
    ]
    if len(things) != count or not all(
        each.colour in colours() and each.shape in shapes() for each in things
    ):
        raise ValueError
    return things


def _box(box: Sequence[float]) -> tuple[float, float, float, float]:
    top, left, bottom, right = (min(max(float(each), 0.0), 1.0) for each in box)
    if not (top < bottom and left < right):  # NaN is not, either
        raise ValueError
    return top, left, bottom, right


def write(scene: Scene) -> str:
    """Return a scene as text, to be kept with its picture."""
    return json.dumps([dataclasses.astuple(each) for each in scene]) if scene else ""


def parse(text: str) -> Scene:
    """Return the scene that write() made a text of; none for that of another release."""
    try:
        found = json.loads(text) if text else []
        return [Thing(colour=each[0], shape=each[1], box=_box(each[2])) for each in found]
    except (IndexError, TypeError, ValueError):
        return []


def describe(scene: Scene, language: str) -> str:
    """Return the scene in words: how many shapes, and which."""
    kinds = collections.Counter((each.colour, each.shape) for each in scene)
    if len(scene) == 1:
        return phrase(language, "scene_of_one", thing=_name(scene[0], language))
    listed = [
        phrase(language, "several", count=count, things=_kind(*kind, count, language))
        for kind, count in kinds.items()
    ]
    things = functools.reduce(
        lambda before, more: phrase(language, "and_more", things=before, more=more), listed
    )
    return phrase(language, "scene", count=len(scene), things=things)


def _kind(colour: str, shape: str, count: int, language: str) -> str:
    return phrase(
        language,
        "kind",
        colour=colour_name(language, colour),
        shape=shape_name(language, shape, count),
    )


def suggest(scene: Scene, language: str, asked: Collection[str] = ()) -> list[str]:
    """Return a few questions that the model can answer about this scene, none of those asked."""
    return [each for each in _questions(scene, language) if each not in asked][:_SUGGESTED]


def _questions(scene: Scene, language: str) -> Iterator[str]:
    """Give questions whose answers are plain to see: what is nearly as large is not the largest."""
    if not scene:
        return
    kinds = collections.Counter((each.colour, each.shape) for each in scene)
    aspect = _aspect(scene)
    if len(scene) > 1 and _stands_out([_size(each) for each in scene]):
        yield phrase(language, "ask_largest")
    for each in scene:
        others = [1 / _distance(each, other, aspect) for other in scene if other is not each]
        if kinds[each.colour, each.shape] == 1 and len(others) > 1 and _stands_out(others):
            yield phrase(language, "ask_nearest", thing=_name(each, language))
            break
    yield from _counts(scene, language)
    for each in scene:
        if kinds[each.colour, each.shape] == 1 and abs(each.x - 0.5) > _APART:
            yield phrase(language, "ask_side", thing=_name(each, language))


def _counts(scene: Scene, language: str) -> Iterator[str]:
    of_shape = collections.Counter(each.shape for each in scene)
    for shape, count in of_shape.items():
        if 1 < count < len(scene):
            yield phrase(language, "ask_count", shapes=shape_name(language, shape, count))


def _name(thing: Thing, language: str) -> str:
    return _kind(thing.colour, thing.shape, 1, language)


def _size(thing: Thing) -> float:
    top, left, bottom, right = thing.box
    return math.sqrt((bottom - top) * (right - left))


def _aspect(scene: Scene) -> float:
    """Return the picture's width by its height: shapes are about as wide as they are high."""
    return statistics.median(
        (bottom - top) / (right - left) for top, left, bottom, right in (each.box for each in scene)
    )


def _distance(one: Thing, other: Thing, aspect: float) -> float:
    return math.hypot(aspect * (one.x - other.x), one.y - other.y) or 1e-9


def _stands_out(values: Sequence[float]) -> bool:
    first, second, *_ = sorted(values, reverse=True)
    return first >= _CLEARLY * second


def is_drawing(answer: Mapping[str, Any]) -> bool:
    """Return whether the model takes the picture for a drawing of its shapes."""
    return likely(answer.get("in_domain", 1.0))


def likely(value: object) -> bool:
    """Return whether a probability, or a yes or no, is rather yes; raise ModelUnavailable."""
    if not isinstance(value, bool | int | float) or math.isnan(value):
        raise ModelUnavailable("the model answered something else where a number belongs")
    return value >= 0.5
