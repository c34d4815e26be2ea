"""What a question asks for: a small program that reasoning runs over the things in a picture.

"the colour of the shape nearest to the largest circle" is Program(task "color", relation "near",
a=Referent(shape circle, order largest)).
"""

from __future__ import annotations

import dataclasses

from serving.train.vqa.world import COLOURS, SHAPES

TASKS = (
    "unknown", "count", "exist", "color", "shape", "what", "leftright", "updown", "same_shape",
    "same_color", "left_of", "right_of", "above", "below", "bigger", "smaller", "more", "fewer",
    "equal", "most", "colors", "shapes", "describe", "ellipsis",
)  # fmt: skip
RELATIONS = ("", "left", "right", "above", "below", "near", "far")  # the thing asked about, to A
ORDERS = ("", "largest", "smallest", "leftmost", "rightmost", "topmost", "bottommost")
# Referent.colour and .shape: 0 not said, then world's, then one that no picture of ours has.
OTHER_COLOUR, OTHER_SHAPE = len(COLOURS) + 1, len(SHAPES) + 1
COMPARED = ("left_of", "right_of", "above", "below", "bigger", "smaller")  # two things
WEIGHED = ("more", "fewer", "equal", "most")  # two sets
ASPECTS = ("color", "shape", "what")  # of one thing; these alone take a relation
# The number of values of each slot of a program, in the order of Program.slots.
SIZES = (len(TASKS), len(RELATIONS), *(2 * (OTHER_COLOUR + 1, OTHER_SHAPE + 1, len(ORDERS), 2)))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Referent:
    """One thing or set that a question speaks of; zero is not said."""

    colour: int = 0  # 1 + index in world.COLOURS, or OTHER_COLOUR
    shape: int = 0  # 1 + index in world.SHAPES, or OTHER_SHAPE
    order: int = 0  # index in ORDERS, among those of the colour and shape
    it: int = 0  # 1: what the line before was about

    @property
    def filtered(self) -> bool:
        """Return whether a colour or a shape is said."""
        return bool(self.colour or self.shape)


NOBODY = Referent()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What one line asks."""

    task: str  # of TASKS
    relation: str = ""  # of RELATIONS
    a: Referent = NOBODY
    b: Referent = NOBODY

    @property
    def slots(self) -> tuple[int, ...]:
        """Return one index for each of SIZES."""
        return (
            TASKS.index(self.task),
            RELATIONS.index(self.relation),
            *dataclasses.astuple(self.a),
            *dataclasses.astuple(self.b),
        )

    @property
    def family(self) -> str:
        """Return the name under which tables and the model's output list this question."""
        if self.task in ASPECTS:
            which = self.relation or ORDERS[self.a.order]
            if self.task == "what":
                return f"what_{which}" if which else "what"
            return f"{which}_{self.task}" if which else f"{self.task}_of"
        if self.task == "count" and self.a == NOBODY:
            return "total"
        return self.task

    @property
    def two_step(self) -> bool:
        """Return whether one thing must be found in order to find another."""
        order = bool(self.a.order or self.b.order)
        return order and (bool(self.relation) or self.a.filtered or self.task not in ASPECTS)


def of_family(family: str, a: Referent = NOBODY, b: Referent = NOBODY) -> Program:
    """Return the program of a family; raise ValueError where there is none of that name."""
    if family in TASKS:
        return Program(task=family, a=a, b=b)
    if family == "total":
        return Program(task="count")
    first, _, last = family.partition("_")
    task, which = ("what", last) if first == "what" else (last, first)
    if last == "of" and first in ASPECTS:
        return Program(task=first, a=a)
    if task in ASPECTS and which in RELATIONS:
        return Program(task=task, relation=which, a=a)
    if task in ASPECTS and which in ORDERS:
        return Program(task=task, a=dataclasses.replace(a, order=ORDERS.index(which)))
    raise ValueError(f"{family!r} is no family of questions")


FAMILIES = tuple(
    dict.fromkeys(
        [
            *(each for each in TASKS if each not in ("unknown", "ellipsis", *ASPECTS)),
            *("total", "color_of", "shape_of", "what"),
            *(of_family(f"{which}_{each}").family for each in ("color", "shape")
              for which in (*RELATIONS[1:], *ORDERS[1:])),
            *(f"what_{which}" for which in (*RELATIONS[1:], *ORDERS[1:])),
        ]
    )
)  # fmt: skip
