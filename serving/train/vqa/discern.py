"""Teaches the second look: close-ups of things, ours and others, and which is which."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.train.camera import Random, pick
from serving.train.vqa import closeup, network, samples
from serving.train.vqa.eyes import Eyes
from serving.train.vqa.network import Weights
from serving.train.vqa.samples import Drawn
from serving.train.vqa.scene import Scene
from serving.train.vqa.world import OTHER

logger = logging.getLogger(__name__)
PICTURES = 16_000
STEPS = 3_000
_BATCH = 128
_RATE = 3e-3  # of learning, at most
_STRANGE = 2.0  # a thing's logit of being none of ours that the first look is sure of
_SHIFT, _SCALE = 0.05, 0.07  # deviations of a box that is not quite right, in sides of the box

Floats = npt.NDArray[np.float32]


class Lesson(NamedTuple):
    """Close-ups, and what they show."""

    closeups: npt.NDArray[np.uint8]  # [n, closeup.SIDE, closeup.SIDE, 3]
    shapes: npt.NDArray[np.int32]  # [n], world.OTHER for none of ours


def teach(eyes: Eyes, seed: int, pictures: int = PICTURES, steps: int = STEPS) -> Eyes:
    """Return the eyes with a second look that learned from pictures drawn from this seed."""
    started = time.monotonic()
    lesson = gather(eyes, samples.generate(drawn, pictures, seed), np.random.default_rng(seed))
    logger.info("%d close-ups taken in %.0f s", len(lesson.shapes), time.monotonic() - started)
    return Eyes({**eyes.weights, **train(lesson, steps, seed)})


def drawn(rng: Random) -> Drawn:
    """Return a picture: of near misses more often than the first look sees them."""
    kinds = (samples.drawing,) * 9 + (samples.near_misses,) * 8 + (samples.refused,) * 3
    return pick(rng, kinds)(rng)  # type: ignore[no-any-return]


def gather(eyes: Eyes, pictures: Iterable[Drawn], rng: Random) -> Lesson:
    """Return close-ups of all things; in pictures of something else, of what passes for things."""

    @tf.function(input_signature=[tf.TensorSpec([None, None, 3], tf.uint8)], autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def found(pixels: Any) -> Any:
        seen, strange, _ = eyes.glance(pixels)
        return tf.boolean_mask(seen.box, seen.kept & (strange < _STRANGE))

    spec = [tf.TensorSpec([None, None, 3], tf.uint8), tf.TensorSpec([None, 4], tf.float32)]
    crop = tf.function(closeup.crop, input_signature=spec, autograph=False)
    closeups, shapes = list[Any](), list[int]()
    for each in pictures:
        if not each.attention:  # there may be some of ours, we do not know where
            continue
        pixels = np.asarray(each.picture)
        things = each.scene.things
        boxes = _boxes(rng, each.scene) if things else found(pixels).numpy()
        if not len(boxes):
            continue
        closeups.append(np.round(crop(pixels, boxes).numpy()).astype(np.uint8))
        shapes += [thing.shape for thing in things] or [OTHER] * len(boxes)
    return Lesson(np.concatenate(closeups), np.array(shapes, np.int32))


def _boxes(rng: Random, scene: Scene) -> Floats:
    """Return where the things are, about as well as the first look finds them: [n, 4]."""
    boxes = [
        (*scene.parts(xmin, ymin)[::-1], *scene.parts(xmax, ymax)[::-1])
        for ymin, xmin, ymax, xmax in (each.box for each in scene.things)
    ]
    corners = np.array(boxes, np.float32).reshape(-1, 2, 2)
    middle = corners.mean(axis=1)
    extent = corners[:, 1] - corners[:, 0]
    middle += extent * rng.normal(0, _SHIFT, middle.shape)
    half = extent / 2 * np.exp(rng.normal(0, _SCALE, extent.shape))
    return np.concatenate([middle - half, middle + half], axis=1).clip(0, 1).astype(np.float32)


def train(lesson: Lesson, steps: int, seed: int) -> Weights:
    """Return the weights of a second look that learned this lesson."""
    keras.utils.set_random_seed(seed)
    rng, model, started = np.random.default_rng(seed), closeup.build(), time.monotonic()
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps, warmup_target=_RATE, warmup_steps=100)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=0.01, clipnorm=10.0)
    optimizer.build(model.trainable_variables)
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function(reduce_retracing=True, autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def step(closeups: Any, shapes: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = entropy(shapes, model(closeups, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    seen = 0.0
    for number in range(1, steps + 1):
        chosen = rng.integers(0, len(lesson.shapes), _BATCH)
        seen += float(step(_turned(rng, lesson.closeups[chosen]), lesson.shapes[chosen]))
        if number % 400 == 0:
            passed = time.monotonic() - started
            logger.info("step %d of %d, loss %.3f, %.0f s", number, steps, seen / 400, passed)
            seen = 0.0
    return network.fold(model)


def _turned(rng: Random, closeups: npt.NDArray[np.uint8]) -> Floats:
    """Return them mirrored or turned in one of eight ways, a little lighter or darker."""
    if rng.random() < 0.5:
        closeups = closeups[:, ::-1]
    if rng.random() < 0.5:
        closeups = closeups[:, :, ::-1]
    if rng.random() < 0.5:
        closeups = closeups.swapaxes(1, 2)
    lighter = rng.normal(0, 6, (len(closeups), 1, 1, 3))
    return (closeups + lighter).clip(0, 255).astype(np.float32)
