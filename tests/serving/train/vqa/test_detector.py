"""serving.train.vqa.detector, samples and discern: how the eyes are taught."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from serving.train import photographs
from serving.train.camera import Random
from serving.train.vqa import closeup, detector, discern, draw, frame, misses, network, samples
from serving.train.vqa.eyes import blank
from serving.train.vqa.samples import Drawn, Sample
from serving.train.vqa.scene import compose
from serving.train.vqa.world import COLOURS, OTHER


@pytest.fixture
def rng() -> Random:
    return np.random.default_rng(13)


def drawings(rng: Random, count: int, index: int = frame.FRAMES.index((160, 160))) -> list[Sample]:
    aspect = frame.FRAMES[index][1] / frame.FRAMES[index][0]
    return [_drawing(rng, aspect) for _ in range(count)]


def _drawing(rng: Random, aspect: float) -> Sample:
    picture, scene = draw.picture(rng, compose(rng, count=3, aspect=aspect), side=160)
    return samples.truth(Drawn(picture, scene, in_domain=1.0))


def test_a_drawing_is_in_domain_with_as_many_things_as_its_scene(rng: Random) -> None:
    sample = drawings(rng, 1)[0]
    assert sample.in_domain == 1
    assert (sample.things[:, 8] >= 0).sum() == 3


def test_near_misses_are_marked_and_out_of_domain(rng: Random) -> None:
    sample = samples.truth(samples.near_misses(rng))
    assert sample.in_domain == 0
    assert OTHER in sample.things[:, 8]


def test_colours_without_a_name_are_no_things_of_ours(rng: Random) -> None:
    things = np.concatenate([samples.truth(samples.foreign_colours(rng)).things for _ in range(8)])
    assert (things[things[:, 7] == len(COLOURS), 8] == OTHER).all()
    assert (things[:, 7] == len(COLOURS)).any()


def test_what_is_to_be_refused_has_nothing_to_find(
    rng: Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Real ones come from Debian packages that a test does not fetch.
    monkeypatch.setattr(photographs, "load", lambda _part: (Image.new("RGB", (300, 200)),))
    refused = [samples.truth(samples.refused(rng)) for _ in range(5)]
    assert all((each.things == -1).all() for each in refused)
    assert {each.in_domain for each in refused} == {0.0}


def test_the_pixels_around_a_centre_have_its_colour_however_the_batch_is_turned(
    rng: Random,
) -> None:
    chosen = drawings(rng, 4, index=6)
    shown = [detector.batch(rng, chosen) for _ in range(12)]
    assert {each.pixels.shape for each in shown} == {(4, 112, 224, 3), (4, 224, 112, 3)}
    contrasts = [value for each in shown for value in _contrasts(each)]
    assert np.mean(np.array(contrasts) > 40) > 0.97


def _contrasts(batch: detector.Batch) -> list[float]:
    """Return how far the pixel at each centre is from that at the corner of its picture."""
    picture, rows, columns = np.nonzero(batch.thing)
    inside = batch.truth[picture, rows, columns, :2]
    cells = np.stack([columns, rows], axis=1)
    x, y = ((cells + 0.5 + inside) * frame.CELL).astype(int).T
    ground = batch.pixels[picture, 2, 2]
    return [float(each) for each in np.linalg.norm(batch.pixels[picture, y, x] - ground, axis=1)]


def test_each_thing_has_one_cell_and_its_neighbours_are_not_blamed(rng: Random) -> None:
    batch = detector.batch(rng, drawings(rng, 8))
    assert batch.thing.sum(axis=(1, 2)).tolist() == [3.0] * 8
    assert (batch.weight >= batch.thing).all()
    assert (batch.attention[(batch.weight == 1) & (batch.thing == 0)] == 0).all()


def test_a_perfect_answer_costs_next_to_nothing(rng: Random) -> None:
    batch = detector.batch(rng, drawings(rng, 2))
    answer = np.zeros((*batch.thing.shape, network.CHANNELS), np.float32)
    answer[..., network.THING] = 40 * batch.thing - 20
    answer[..., network.PLACE] = batch.truth[..., :2]
    answer[..., network.SIZE : network.REACH.stop] = np.log(np.maximum(batch.truth[..., 2:7], 1))
    answer[..., network.COLOUR] = 40 * np.eye(8)[batch.truth[..., 7].astype(int) % 8]
    answer[..., network.SHAPE] = 40 * np.eye(4)[batch.truth[..., 8].astype(int)]
    domain = 40 * batch.in_domain - 20
    assert float(detector.loss(tf.constant(answer), tf.constant(domain), batch)) < 0.01
    assert float(detector.loss(tf.constant(-answer), tf.constant(-domain), batch)) > 10


def test_the_same_seed_teaches_the_same_eyes(rng: Random, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detector, "BATCH", 2)
    drawn = drawings(rng, 4)
    one, other = (detector.train(drawn, 2, 5) for _ in "ab")
    assert all(np.allclose(one[name], other[name], atol=1e-4) for name in one)


def test_closeups_of_a_drawing_show_each_of_its_things(rng: Random) -> None:
    drawn = samples.drawing(rng)
    lesson = discern.gather(blank(), [drawn], rng)
    assert lesson.closeups.shape == (len(drawn.scene.things), closeup.SIDE, closeup.SIDE, 3)
    assert lesson.shapes.tolist() == [each.shape for each in drawn.scene.things]
    middle = lesson.closeups[:, 12:20, 12:20].astype(int).mean(axis=(1, 2))
    edge = lesson.closeups[:, 0].astype(int).mean(axis=1)
    assert (np.abs(middle - edge).max(axis=1) > 25).all()


@pytest.mark.parametrize("kind", ["star", *misses.HELD_OUT])
def test_near_miss_is_the_same_for_one_seed(kind: str) -> None:
    one, same, other = (samples.near_miss(np.random.default_rng(seed), kind) for seed in (1, 1, 2))
    assert one.tobytes() == same.tobytes() != other.tobytes()
