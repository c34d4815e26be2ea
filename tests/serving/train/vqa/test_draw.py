"""serving.train.vqa.draw, palette, misses and negatives: pictures to learn from."""

from __future__ import annotations

import numpy as np
import pytest

from serving.train.camera import Random
from serving.train.vqa import draw, misses, negatives, palette
from serving.train.vqa.outline import regular
from serving.train.vqa.scene import Scene, Thing, compose
from serving.train.vqa.world import CIRCLE, COLOURS, OTHER


@pytest.fixture
def rng() -> Random:
    return np.random.default_rng(11)


def one_circle(colour: int) -> Scene:
    contours = (0.2 * regular(40) + [0.3, 0.4],)
    circle = Thing(x=0.3, y=0.4, size=0.2, colour=colour, shape=CIRCLE, contours=contours)
    return Scene(width=1.0, height=0.8, things=(circle,))


def test_a_picture_has_the_sides_asked_for(rng: Random) -> None:
    image, _ = draw.picture(rng, one_circle(0), side=200)
    assert image.size == (200, 160)


@pytest.mark.parametrize("colour", range(len(COLOURS)), ids=COLOURS)
def test_a_thing_is_where_the_scene_says_in_a_colour_of_that_name(rng: Random, colour: int) -> None:
    for _ in range(12):
        image, scene = draw.picture(rng, one_circle(colour), side=200)
        thing = scene.things[0]
        x, y = (
            part * side
            for part, side in zip(scene.parts(thing.x, thing.y), image.size, strict=True)
        )
        pixel = np.array(image.convert("RGB").getpixel((round(x), round(y))), np.float64)
        ground = np.array(image.convert("RGB").getpixel((190, 150)), np.float64)
        assert np.linalg.norm(pixel - ground) > 45


def test_a_plain_drawing_has_flat_colours_and_stays_where_the_scene_says(rng: Random) -> None:
    scene = compose(rng, count=7)
    picture, seen = draw.picture(rng, scene, side=600, plain=True)
    counts = sorted((count for count, _ in picture.getcolors(360_000) or ()), reverse=True)
    assert sum(counts[:8]) > 0.97 * sum(counts)  # the ground and seven things; the rest is edges
    assert seen == scene


def test_black_is_dark_and_yellow_is_light(rng: Random) -> None:
    white = np.full(3, 255, np.float32)
    black, yellow = (
        [palette.paint(rng, COLOURS.index(name), white).sum() for _ in range(50)]
        for name in ("black", "yellow")
    )
    assert max(black) < 200
    assert min(yellow) > 300


def test_a_colour_differs_from_a_ground_of_nearly_its_own(rng: Random) -> None:
    pale = np.array((255, 245, 150), np.float32)
    yellows = [palette.paint(rng, COLOURS.index("yellow"), pale) for _ in range(50)]
    assert min(float(np.linalg.norm(yellow - pale)) for yellow in yellows) > 80


def test_cover_is_the_share_of_each_pixel(rng: Random) -> None:
    square = np.array([(1, 1), (3, 1), (3, 2.5), (1, 2.5)], np.float64)
    covered = draw.cover((square,), (4, 4), 16)
    assert covered.sum() == pytest.approx(3, rel=0.1)
    assert covered[2, 1] == pytest.approx(0.5, abs=0.1)
    assert covered[1, 1] == pytest.approx(1)
    assert covered[0, 0] < 0.01


def test_an_inner_contour_is_a_hole() -> None:
    ring = draw.cover((10 * regular(40) + 15, 5 * regular(40) + 15), (30, 30), 2)
    assert ring[15, 15] == 0
    assert ring[15, 7] == 1


def test_the_same_seed_gives_the_same_picture() -> None:
    one, other = (
        draw.picture(each, compose(each))[0] for each in map(np.random.default_rng, (5, 5))
    )
    assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("kind", [*misses.LEARNED, *misses.HELD_OUT])
def test_a_near_miss_is_of_the_size_of_our_things_and_marked(rng: Random, kind: str) -> None:
    for _ in range(30):
        shape, contours = misses.miss(rng, kind)
        points = np.concatenate(contours)
        assert shape == OTHER
        assert np.isfinite(points).all()
        assert 0.8 < np.abs(points).max() < 5


def test_no_kind_is_both_learned_and_held_out() -> None:
    assert not set(misses.LEARNED) & set(misses.HELD_OUT)


@pytest.mark.parametrize("kind", sorted({*negatives.LEARNED, *negatives.HELD_OUT} - {"photograph"}))
def test_a_picture_to_be_refused_is_an_rgb_picture(rng: Random, kind: str) -> None:
    image = {**negatives.LEARNED, **negatives.HELD_OUT}[kind](rng)
    assert image.mode == "RGB"
    assert min(image.size) >= 20
