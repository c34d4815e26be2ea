"""The demo classifier: handwritten digits, scenes of shapes, and the honest "something else"."""

from __future__ import annotations

import dataclasses
import logging
import math
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from keras import layers

from serving.export.classifier import Classifier, save_classifier
from serving.export.picture import decode_batch, squash
from serving.progress import bar
from serving.train.samples import CLASSES, SIZE, Labels, Pictures, dataset

logger = logging.getLogger(__name__)
SEED = 20181111
PICTURES = 120_000
TUNING = 4_000
EPOCHS = 7
BATCH = 64


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A network and the temperature that makes its percentages honest."""

    network: Any  # keras.Model: float32 [batch, SIZE, SIZE, 3] in 0..255 -> logits [batch, classes]
    temperature: float


def train() -> Trained:
    """Return the trained network; a quarter of an hour on two cores, and the same for one SEED."""
    keras.utils.set_random_seed(SEED)
    started = time.monotonic()
    pictures, labels = dataset("train", PICTURES, SEED)
    logger.info("%d pictures drawn in %.0f s", len(pictures), time.monotonic() - started)
    network = build()
    network.compile(
        keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(2e-3, EPOCHS * len(pictures) // BATCH),
            weight_decay=0.01,
        ),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    steps = EPOCHS * math.ceil(len(pictures) / BATCH)
    with bar("the classifier learns", steps) as step:
        tick = keras.callbacks.LambdaCallback(on_train_batch_end=lambda *_: step())
        network.fit(pictures, labels, batch_size=BATCH, epochs=EPOCHS, verbose=2, callbacks=[tick])
    tune_pictures, tune_labels = dataset("tune", TUNING, SEED + 1)
    return Trained(
        network=network, temperature=fit_temperature(network, tune_pictures, tune_labels)
    )


def build() -> Any:
    """Return a small convolutional network, some 260,000 parameters."""
    pictures = keras.Input((SIZE, SIZE, 3))
    x = layers.Rescaling(1 / 127.5, -1)(pictures)
    x = layers.RandomTranslation(0.06, 0.06, fill_mode="nearest")(x)
    x = layers.GaussianNoise(0.04)(x)
    for filters in (32, 64, 96, 128):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Conv2D(128, 3, padding="valid", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Dropout(0.4)(layers.Flatten()(x))
    return keras.Model(pictures, layers.Dense(len(CLASSES))(x))


def fit_temperature(network: Any, pictures: Pictures, labels: Labels) -> float:
    """Return the divisor of the logits with the least loss on pictures not trained on.

    Guo et al., On Calibration of Modern Neural Networks, 2017, section 4.2.
    """
    logits = network.predict(pictures, batch_size=256, verbose=0)
    candidates = np.geomspace(0.3, 5, 200)
    losses = [_loss(logits / temperature, labels) for temperature in candidates]
    return float(candidates[int(np.argmin(losses))])


def _loss(logits: npt.NDArray[Any], labels: Labels) -> float:
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1))
    return float((log_sum - shifted[np.arange(len(labels)), labels]).mean())


def save(trained: Trained, base_path: Path, version: int) -> Path:
    """Write the SavedModel and return its folder."""

    def probabilities(images: Any) -> Any:
        pixels = tf.round(decode_batch(images, SIZE, squash))
        return tf.nn.softmax(trained.network(pixels, training=False) / trained.temperature)

    return save_classifier(Classifier(probabilities, trained.network.variables), base_path, version)
