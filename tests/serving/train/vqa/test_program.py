"""serving.train.vqa.program: what a question can ask for."""

from __future__ import annotations

import pytest

from serving.train.vqa.program import FAMILIES, SIZES, Program, Referent, of_family


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_the_family_of_its_program(family: str) -> None:
    asked = of_family(family, a=Referent(colour=1), b=Referent(shape=2))
    assert asked.family == family


@pytest.mark.parametrize("family", ["", "colour_of", "middle_color", "what_middle", "of"])
def test_no_other_name_is_a_family(family: str) -> None:
    with pytest.raises(ValueError, match="is no family"):
        of_family(family)


def test_slots_stay_within_their_sizes() -> None:
    referent = Referent(colour=9, shape=4, order=6, it=1)
    slots = Program(task="ellipsis", relation="far", a=referent, b=referent).slots
    assert all(slot == size - 1 for slot, size in zip(slots, SIZES, strict=True))


@pytest.mark.parametrize(
    ("program", "two_step"),
    [
        (Program(task="color", a=Referent(order=1)), False),
        (Program(task="color", a=Referent(shape=1)), False),
        (Program(task="color", a=Referent(shape=1, order=1)), True),
        (Program(task="color", relation="near", a=Referent(order=1)), True),
        (Program(task="color", relation="near", a=Referent(shape=1)), False),
        (Program(task="bigger", a=Referent(order=3), b=Referent(shape=1)), True),
    ],
    ids=["order", "shape", "order-of-shape", "near-order", "near-shape", "compared-order"],
)
def test_two_steps_are_an_order_and_something_else(program: Program, two_step: bool) -> None:
    assert program.two_step is two_step
