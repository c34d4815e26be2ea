"""Teaches the eyes: pictures with the truth in, the weights of the network out."""

from __future__ import annotations

import collections
import logging
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.progress import track
from serving.train.camera import Random
from serving.train.vqa import discern, judgement, network, samples
from serving.train.vqa.eyes import Eyes, blank
from serving.train.vqa.frame import CELL
from serving.train.vqa.network import Weights
from serving.train.vqa.samples import Sample
from serving.train.vqa.world import COLOURS, OTHER

logger = logging.getLogger(__name__)
SEED = 20170605
PICTURES = 24_000
STEPS = 4_000
BATCH = 32
_RATE, _WARM = 3e-3, 200  # of learning, at most, and the steps to get there
_BESIDE = 0.8  # cells from a centre: a neighbouring cell so close may claim the thing as well

Floats = npt.NDArray[np.float32]


class Batch(NamedTuple):
    """Pictures of one frame. Rows and columns are cells."""

    pixels: Floats  # [n, height, width, 3]
    thing: Floats  # [n, rows, columns]: 1 where the centre of a thing lies, else 0
    attention: Floats  # [n, rows, columns]: how much it matters that the network agrees
    weight: Floats  # [n, rows, columns]: 1 where truth holds a thing, else 0
    truth: Floats  # [n, rows, columns, samples.COLUMNS], x and y from the middle of the cell
    in_domain: Floats  # [n]


def make(pictures: int = PICTURES, steps: int = STEPS, seed: int = SEED) -> Eyes:
    """Return trained eyes, the same for one seed on one machine; a quarter of an hour."""
    started = time.monotonic()
    drawn = samples.dataset(pictures, seed)
    logger.info("%d pictures drawn in %.0f s", len(drawn), time.monotonic() - started)
    eyes = Eyes({**blank().weights, **train(drawn, steps, seed)})
    return judgement.judged(discern.teach(eyes, seed + 2), seed + 1)


def train(drawn: Sequence[Sample], steps: int, seed: int) -> Weights:
    """Return the weights of a network that learned from these pictures."""
    keras.utils.set_random_seed(seed)
    model, started = network.build(), time.monotonic()
    step, seen = _step(model, steps), 0.0
    batches = _batches(np.random.default_rng(seed), drawn, steps)
    for number, batch in enumerate(track(batches, "the detector learns", steps), 1):
        seen += float(step(*batch))
        if number % 250 == 0:
            passed = time.monotonic() - started
            logger.info("step %d of %d, loss %.3f, %.0f s", number, steps, seen / 250, passed)
            seen = 0.0
    return network.fold(model)


def _step(model: Any, steps: int) -> Any:
    warm = min(_WARM, steps // 2)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - warm, warmup_target=_RATE, warmup_steps=warm
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=0.01, clipnorm=10.0)
    optimizer.build(model.trainable_variables)

    @tf.function(reduce_retracing=True, autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def step(pixels: Any, *truth: Any) -> Any:
        with tf.GradientTape() as tape:
            answer, domain = model(pixels, training=True)
            total = loss(answer, domain[:, 0], Batch(pixels, *truth))
        gradients = tape.gradient(total, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return total

    return step


def loss(answer: Any, domain: Any, batch: Batch) -> Any:
    """Return how wrong the network's answer is, all its parts together."""
    truth, weight = batch.truth, batch.weight
    here = tf.nn.sigmoid_cross_entropy_with_logits(batch.thing, answer[..., network.THING])
    lengths = tf.math.log(tf.maximum(truth[..., 2:7], 1.0))
    place = tf.abs(answer[..., network.PLACE] - truth[..., :2])
    extent = tf.abs(answer[..., network.SIZE : network.REACH.stop] - lengths)
    colour, shape = tf.cast(truth[..., 7], tf.int32), tf.cast(truth[..., 8], tf.int32)
    named = weight * tf.cast(colour < len(COLOURS), tf.float32)
    ours = weight * tf.cast(shape < OTHER, tf.float32)
    return (
        tf.reduce_sum(here * batch.attention) / tf.maximum(tf.reduce_sum(batch.thing), 1.0)
        + 2 * _mean(tf.reduce_sum(place, axis=-1), weight)
        + 3 * _mean(extent[..., 0], ours)
        + _mean(tf.reduce_sum(extent[..., 1:], axis=-1), weight) / 2
        + _mean(_entropy(colour % len(COLOURS), answer[..., network.COLOUR]), named)
        + 2 * _mean(_entropy(shape, answer[..., network.SHAPE]), weight)
        + tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(batch.in_domain, domain))
    )


def _mean(values: Any, weight: Any) -> Any:
    return tf.reduce_sum(values * weight) / (tf.reduce_sum(weight) + 1e-6)


def _entropy(labels: Any, logits: Any) -> Any:
    labels = tf.maximum(labels, 0)  # cells without a thing; they weigh nothing
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)


def _batches(rng: Random, drawn: Sequence[Sample], count: int) -> Iterator[Batch]:
    """Yield batches of one frame each, frames as often as pictures have them."""
    frames = collections.defaultdict(list)
    for each in drawn:
        frames[each.frame].append(each)
    chances = np.array([len(group) for group in frames.values()]) / len(drawn)
    left: dict[int, list[int]] = {frame: [] for frame in frames}
    for _ in range(count):
        frame = list(frames)[int(rng.choice(len(frames), p=chances))]
        if len(left[frame]) < BATCH:
            left[frame] += rng.permutation(len(frames[frame])).tolist()
        chosen, left[frame] = left[frame][:BATCH], left[frame][BATCH:]
        yield batch(rng, [frames[frame][index] for index in chosen])


def batch(rng: Random, chosen: Sequence[Sample]) -> Batch:
    """Return pictures of one frame and their truth, all mirrored or turned in one of eight ways."""
    pixels = np.stack([each.pixels for each in chosen])
    things = np.stack([each.things for each in chosen])
    for change in (_mirror, _transpose):
        pixels, things = change(pixels, things) if rng.random() < 0.5 else (pixels, things)
    if rng.random() < 0.5:
        pixels, things = _transpose(*_mirror(*_transpose(pixels, things)))
    return _with_cells(pixels, things, chosen)


def _mirror(pixels: npt.NDArray[np.uint8], things: Floats) -> tuple[Any, Floats]:
    mirrored = things[..., [0, 1, 2, 5, 4, 3, 6, 7, 8]]
    mirrored[..., 0] = pixels.shape[2] - mirrored[..., 0]
    return pixels[:, :, ::-1], mirrored


def _transpose(pixels: npt.NDArray[np.uint8], things: Floats) -> tuple[Any, Floats]:
    return pixels.swapaxes(1, 2), things[..., [1, 0, 2, 4, 3, 6, 5, 7, 8]]


def _with_cells(pixels: Any, things: Floats, chosen: Sequence[Sample]) -> Batch:
    n, rows, columns = len(pixels), pixels.shape[1] // CELL, pixels.shape[2] // CELL
    thing, weight = np.zeros((2, n, rows, columns), np.float32)
    attention = np.ones((n, rows, columns), np.float32)
    attention *= np.array([each.attention for each in chosen], np.float32)[:, None, None]
    truth = np.zeros((n, rows, columns, samples.COLUMNS), np.float32)
    picture, number = np.nonzero(things[..., 8] >= 0)
    present = things[picture, number]
    for beside in _BESIDES:  # its own cell comes last, and prevails
        cell, far = _cells(present, beside, rows, columns)
        claimed = (picture[far], cell[far, 1], cell[far, 0])
        truth[claimed] = present[far]
        truth[(*claimed, slice(2))] = present[far, :2] / CELL - cell[far] - 0.5
        weight[claimed], thing[claimed] = 1, float(beside == (0, 0))
        attention[claimed] = float(beside == (0, 0))
    in_domain = np.array([each.in_domain for each in chosen], np.float32)
    return Batch(pixels.astype(np.float32), thing, attention, weight, truth, in_domain)


_BESIDES = ((1, 1), (1, 0), (0, 1), (0, 0))


def _cells(
    present: Floats, beside: tuple[int, int], rows: int, columns: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the cell of each thing, or one beside it towards its centre, and whether it counts."""
    centre = present[:, :2] / CELL
    own = np.clip(np.floor(centre), 0, [columns - 1, rows - 1])
    towards = np.where(centre - own < 0.5, -1, 1)
    cell = own + towards * beside
    inside = ((cell >= 0) & (cell < [columns, rows])).all(axis=1)
    near = np.hypot(*(centre - cell - 0.5).T) < _BESIDE
    return cell.astype(np.int64), inside & (near | (beside == (0, 0)))
