"""serving.train.vqa.scene and outline: what is in a picture, before it is drawn."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from serving.train.vqa import outline
from serving.train.vqa.outline import Points
from serving.train.vqa.scene import Scene, Thing, compose, tilt
from serving.train.vqa.world import COLOURS, OTHER, RGB, SHAPES

ASPECTS = (0.25, 0.6, 1.0, 1.7, 4.0)


def scenes(count: int = 40, aspect: float | None = None) -> list[Scene]:
    rng = np.random.default_rng(7)
    return [compose(rng, aspect=aspect) for _ in range(count)]


@pytest.mark.parametrize("aspect", ASPECTS)
def test_things_lie_on_the_canvas(aspect: float) -> None:
    corners = np.array(
        [
            (*scene.parts(thing.box[1], thing.box[0]), *scene.parts(thing.box[3], thing.box[2]))
            for scene in scenes(aspect=aspect)
            for thing in scene.things
        ]
    )
    assert corners.min() >= -1e-9
    assert corners.max() <= 1 + 1e-9


@pytest.mark.parametrize("aspect", ASPECTS)
def test_the_canvas_has_the_aspect_and_its_longer_side_is_one(aspect: float) -> None:
    scene = scenes(1, aspect)[0]
    assert scene.width / scene.height == pytest.approx(aspect)
    assert max(scene.width, scene.height) == 1


def test_no_two_things_overlap() -> None:
    pairs = [pair for each in scenes() for pair in itertools.combinations(each.things, 2)]
    assert pairs
    assert all(_apart(one, other) for one, other in pairs)


def _apart(one: Thing, other: Thing) -> bool:
    return outline.apart(outline.hull(one.contours), outline.hull(other.contours), 0.0)


def test_every_number_colour_and_shape_occurs() -> None:
    many = scenes(200)
    assert {len(scene.things) for scene in many} == set(range(1, 8))
    assert {thing.colour for scene in many for thing in scene.things} == set(range(len(COLOURS)))
    assert {thing.shape for scene in many for thing in scene.things} == set(range(OTHER))


def test_sizes_go_from_tiny_to_big() -> None:
    shares = [
        thing.size / min(scene.width, scene.height)
        for scene in scenes(300)
        for thing in scene.things
    ]
    assert min(shares) < 0.045
    assert max(shares) > 0.2


def test_size_is_the_radius_of_the_circle_of_equal_area() -> None:
    for thing in scenes(1)[0].things:
        _, area = outline.measure(thing.contours[0])
        assert area == pytest.approx(math.pi * thing.size**2, rel=0.01)


def test_parts_of_a_wide_canvas_go_from_0_to_1() -> None:
    scene = Scene(width=1, height=0.5, things=())
    assert scene.parts(0, 0.25) == (0, 0)
    assert scene.parts(1, 0.75) == (1, 1)


def test_the_same_seed_gives_the_same_scenes() -> None:
    places = [[(thing.x, thing.y) for scene in scenes(5) for thing in scene.things] for _ in "ab"]
    assert places[0] == places[1]


def test_a_tilted_scene_stays_on_its_canvas_and_keeps_its_things() -> None:
    rng = np.random.default_rng(3)
    before = scenes(60)
    after = [tilt(rng, scene, 0.12) for scene in before]
    assert any(one is not other for one, other in zip(before, after, strict=True))
    assert [[thing.colour for thing in scene.things] for scene in before] == [
        [thing.colour for thing in scene.things] for scene in after
    ]
    boxes = np.array(
        [
            (*scene.parts(thing.box[1], thing.box[0]), *scene.parts(thing.box[3], thing.box[2]))
            for scene in after
            for thing in scene.things
        ]
    )
    assert boxes.min() >= -1e-9
    assert boxes.max() <= 1 + 1e-9


def _square(x: float, y: float) -> Points:
    return np.array([(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)], np.float64)


def test_outlines_that_touch_are_apart_and_those_that_overlap_are_not() -> None:
    assert outline.apart(_square(0, 0), _square(1.001, 0), 0)
    assert not outline.apart(_square(0, 0), _square(1.001, 0), 0.1)
    assert not outline.apart(_square(0, 0), _square(0.9, 0.9), 0)


def test_a_diagonal_gap_is_a_gap() -> None:
    lozenge = outline.turn(_square(-0.5, -0.5), math.pi / 4)
    assert outline.apart(lozenge, lozenge + np.full(2, 0.75), 0)


@pytest.mark.parametrize("shape", range(OTHER), ids=SHAPES)
def test_an_outline_has_the_area_of_the_unit_circle_around_its_centre(shape: int) -> None:
    rng = np.random.default_rng(5)
    for _ in range(20):
        centre, area = outline.measure(outline.draw(rng, shape))
        assert area == pytest.approx(math.pi)
        assert np.abs(centre).max() < 1e-9


def test_every_colour_has_its_paint() -> None:
    assert len(RGB) == len(COLOURS)
