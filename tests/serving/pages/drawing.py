"""A hand for the page: digits as strokes on the drawing board, in its 560 units."""

from __future__ import annotations

import math
from collections.abc import Sequence

from playwright.sync_api import Locator, Page, expect

Point = tuple[float, float]

THREE = (
    (185, 145), (230, 110), (290, 105), (345, 135), (365, 190), (340, 245), (270, 275), (345, 305),
    (380, 370), (355, 435), (290, 465), (225, 455), (175, 415),
)  # fmt: skip


def circle(x: float, y: float, width: float, height: float) -> list[Point]:
    """Return a closed stroke: a 0."""
    turns = (2 * math.pi * step / 24 for step in range(-6, 20))
    return [(x + width * math.cos(turn), y + height * math.sin(turn)) for turn in turns]


ZERO = circle(280, 280, 105, 165)


def draw(page: Page, stroke: Sequence[Point]) -> None:
    """Draw with the mouse."""
    left, top, scale = _place(page.locator("#sketch"))
    places = [(left + scale * x, top + scale * y) for x, y in stroke]
    page.mouse.move(*places[0])
    page.mouse.down()
    for x, y in places[1:]:
        page.mouse.move(x, y, steps=2)
    page.mouse.up()


def _place(board: Locator) -> tuple[float, float, float]:
    board.scroll_into_view_if_needed()
    box = board.bounding_box()
    assert box
    return box["x"], box["y"], box["width"] / 560


def open_model(page: Page, url: str, **query: str) -> None:
    """Open the page and wait until a model can be asked."""
    words = "&".join(f"{key}={value}" for key, value in query.items())
    page.goto(f"{url}/ui/try?{words}")
    expect(page.locator("#bench")).to_be_visible()


def best(page: Page) -> Locator:
    """Return the name of the likeliest class."""
    return page.locator(".bars li").first.locator(".label")
