"""The true answer to a program, from the scene as it was drawn.

The model's own reasoning is serving.train.vqa.executor; this is what it is judged by, so the two
share nothing but their definitions. None stands for a question that is ill-posed in a scene: it
means several things, or hangs on a difference that the eye does not see.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

from serving.train.vqa import answer
from serving.train.vqa.program import COMPARED, ORDERS, WEIGHED, Program, Referent
from serving.train.vqa.scene import Scene, Thing

# Differences that people see at a glance: of places, in longer sides of the canvas; of halves, in
# parts of the canvas; of sizes, as a ratio.
PLACE, HALF, SIZE = 0.03, 0.03, 1.1

Things = Sequence[Thing]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A true answer, and what a pronoun in the next line would mean."""

    answer: int  # number of the answer, see serving.train.vqa.answer
    focus: Thing | None = None


class IllPosed(Exception):
    """The question has no one answer in this scene."""


def find(program: Program, scene: Scene, focus: Thing | None = None) -> Truth:
    """Return the answer; raise IllPosed. focus is what "it" means, from the line before."""
    things = scene.things
    if program.task in WEIGHED:
        return Truth(answer=_weigh(program, things))
    if program.task in COMPARED:
        return _compare(program, things, focus)
    if program.task in ("count", "exist"):
        return _count(program, things)
    if program.task in ("colors", "shapes", "describe"):
        return Truth(answer=_survey(program.task, things))
    thing = one(program.a, things, focus)
    if thing is not None and program.relation:
        thing = RELATED[program.relation](thing, things)
    return Truth(answer=_aspect(program.task, thing, scene), focus=thing)


def matching(referent: Referent, things: Things) -> list[Thing]:
    """Return the things of the colour and shape."""
    return [
        each
        for each in things
        if referent.colour in (0, each.colour + 1) and referent.shape in (0, each.shape + 1)
    ]


def one(referent: Referent, things: Things, focus: Thing | None = None) -> Thing | None:
    """Return the one thing meant, or None where there is none such; raise IllPosed."""
    if referent.it:
        if focus is None:
            raise IllPosed
        return focus
    found = matching(referent, things)
    if referent.order and found:
        return _first(found, _ORDER_KEYS[ORDERS[referent.order]])
    if len(found) > 1:
        raise IllPosed
    return found[0] if found else None


def _first(things: Things, key: Callable[[Thing], float]) -> Thing:
    """Return the thing with the least key; raise IllPosed where the second is as good."""
    ranked = sorted(things, key=key)
    if len(ranked) > 1 and key(ranked[1]) - key(ranked[0]) < PLACE:
        raise IllPosed
    return ranked[0]


# Sizes count by ratio, so that one tolerance serves: PLACE = 0.03 of difference is SIZE as a ratio.
_SCALE = PLACE / math.log(SIZE)
_ORDER_KEYS: dict[str, Callable[[Thing], float]] = {
    "largest": lambda thing: -math.log(thing.size) * _SCALE,
    "smallest": lambda thing: math.log(thing.size) * _SCALE,
    "leftmost": lambda thing: thing.x,
    "rightmost": lambda thing: -thing.x,
    "topmost": lambda thing: thing.y,
    "bottommost": lambda thing: -thing.y,
}
# How far the first of two lies left of, right of, … the second.
_LEADS: dict[str, Callable[[Thing, Thing], float]] = {
    "left_of": lambda a, b: b.x - a.x,
    "right_of": lambda a, b: a.x - b.x,
    "above": lambda a, b: b.y - a.y,
    "below": lambda a, b: a.y - b.y,
    "bigger": lambda a, b: math.log(a.size / b.size) * _SCALE,
    "smaller": lambda a, b: math.log(b.size / a.size) * _SCALE,
}


def _distance(a: Thing, b: Thing) -> float:
    return math.hypot(a.x - b.x, a.y - b.y)


def _nearest(thing: Thing, things: Things) -> Thing | None:
    others = [each for each in things if each is not thing]
    return _first(others, lambda each: _distance(thing, each)) if others else None


def _farthest(thing: Thing, things: Things) -> Thing | None:
    others = [each for each in things if each is not thing]
    return _first(others, lambda each: -_distance(thing, each)) if others else None


def _beside(lead: str) -> Callable[[Thing, Things], Thing | None]:
    """Return the search for the next thing to one side.

    It lies more to that side than across. Who thinks of the nearest of all on that side, however
    far across, must come to the same thing: otherwise the question is ill-posed.
    """

    def search(thing: Thing, things: Things) -> Thing | None:
        ahead = {id(each): _LEADS[lead](each, thing) for each in things if each is not thing}
        if any(abs(each) < PLACE for each in ahead.values()):
            raise IllPosed
        side = [each for each in things if ahead.get(id(each), 0) > 0]
        if not side:
            return None
        found = _first(side, lambda each: _distance(thing, each))
        if ahead[id(found)] < 0.75 * _distance(thing, found):  # not within some 41 degrees
            raise IllPosed
        return found

    return search


RELATED: dict[str, Callable[[Thing, Things], Thing | None]] = {
    "left": _beside("left_of"),
    "right": _beside("right_of"),
    "above": _beside("above"),
    "below": _beside("below"),
    "near": _nearest,
    "far": _farthest,
}


def _count(program: Program, things: Things) -> Truth:
    found = matching(program.a, things)
    focus = found[0] if len(found) == 1 else None
    if program.task == "exist":
        return Truth(answer=answer.YES if found else answer.NO, focus=focus)
    return Truth(answer=answer.NUMBER + len(found), focus=focus)


def _weigh(program: Program, things: Things) -> int:
    first, second = len(matching(program.a, things)), len(matching(program.b, things))
    if program.task == "most":
        return answer.SAME if first == second else (answer.SECOND, answer.FIRST)[first > second]
    said = {"more": first > second, "fewer": first < second, "equal": first == second}
    return answer.YES if said[program.task] else answer.NO


def _compare(program: Program, things: Things, focus: Thing | None) -> Truth:
    a, b = one(program.a, things, focus), one(program.b, things, focus)
    if a is None or b is None:
        return Truth(answer=answer.NONE)
    lead = _LEADS[program.task](a, b)
    if a is b or abs(lead) < PLACE:
        raise IllPosed
    return Truth(answer=answer.YES if lead > 0 else answer.NO, focus=a)


def _survey(task: str, things: Things) -> int:
    if task == "describe":
        return answer.DESCRIPTION
    if task == "colors":
        return answer.COLOUR_SET + sum(1 << each for each in {thing.colour for thing in things})
    return answer.SHAPE_SET + sum(1 << each for each in {thing.shape for thing in things})


def _aspect(task: str, thing: Thing | None, scene: Scene) -> int:
    if thing is None:
        return answer.NONE
    if task in ("leftright", "updown"):
        return _half(task, thing, scene)
    return {
        "color": answer.COLOUR + thing.colour,
        "shape": answer.SHAPE + thing.shape,
        "what": answer.KIND + thing.colour * 3 + thing.shape,
        "same_color": answer.NUMBER + _alike(thing, scene, "colour"),
        "same_shape": answer.NUMBER + _alike(thing, scene, "shape"),
    }[task]


def _alike(thing: Thing, scene: Scene, trait: str) -> int:
    traits = [getattr(each, trait) for each in scene.things]
    return traits.count(getattr(thing, trait)) - 1


def _half(task: str, thing: Thing, scene: Scene) -> int:
    across, down = scene.parts(thing.x, thing.y)
    part, low, high = (
        (across, answer.LEFT, answer.RIGHT)
        if task == "leftright"
        else (down, answer.TOP, answer.BOTTOM)
    )
    if abs(part - 0.5) < HALF:
        raise IllPosed
    return low if part < 0.5 else high
