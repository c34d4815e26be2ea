"""Train a digits model with Keras in seconds, save it, and export it with picture files in.

    python -m examples.keras_digits.train FOLDER

writes FOLDER/digits.keras, and FOLDER/digits/1, which `python -m serving` serves. The scans are
scikit-learn's (UCI Optical Recognition of Handwritten Digits): 1,797 of 8 x 8 pixels.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from serving.export.classifier import Classifier, save_classifier
from serving.export.picture import decode_batch, squash

SIZE = 20  # pixels, each side of what the model sees
MARGIN = 2  # pixels of paper on each side of a scan, which fills its own 8 x 8 to the border
POWERS = (0.6, 1, 1.7, 3)  # of the ink: enlarged scans are blurred, what people draw is not
EPOCHS = 8
BATCH = 64


def scans() -> tuple[Any, Any]:
    """Return pictures float32 [n, SIZE, SIZE, 3], dark ink on white, 0..255, and their digits."""
    found = load_digits()
    ink = tf.image.resize(found.images[..., None] / 16, [SIZE - 2 * MARGIN] * 2, "bicubic")
    ink = np.pad(np.clip(ink, 0, 1), [(0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)])
    return np.repeat(255 * (1 - ink), 3, axis=3), found.target


def sharpened(pictures: Any) -> Any:
    """Return each picture once for each of POWERS, its strokes bolder or finer."""
    ink = 1 - pictures / 255
    return np.concatenate([255 * (1 - ink**power) for power in POWERS])


def varied() -> keras.Model:
    """Return what leans, turns, stretches and moves pictures, each time in another way."""
    paper = {"fill_mode": "constant", "fill_value": 255.0}
    return keras.Sequential(
        [
            layers.RandomShear(0.25, 0.1, **paper),
            layers.RandomRotation(0.05, **paper),
            layers.RandomZoom((-0.2, 0.3), (-0.2, 0.4), **paper),
            layers.RandomTranslation(0.1, 0.1, **paper),
        ]
    )


def build() -> keras.Model:
    """Return the network: pictures in 0..255 to the probabilities of the ten digits."""
    return keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Rescaling(-1 / 255, 1),  # ink 1, paper 0
            layers.Conv2D(24, 3, activation="relu"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.4),
            layers.Dense(10, activation="softmax"),
        ]
    )


def train() -> keras.Model:
    """Return the trained network; print how often it is right about scans it has not seen."""
    keras.utils.set_random_seed(0)
    pictures, digits = scans()
    seen, unseen, right, wanted = train_test_split(pictures, digits, test_size=0.2, random_state=0)
    network = build()
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), varied(), network])
    rate = keras.optimizers.schedules.CosineDecay(4e-3, EPOCHS * len(seen) * len(POWERS) // BATCH)
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    labels = np.tile(right, len(POWERS))
    model.fit(sharpened(seen), labels, epochs=EPOCHS, batch_size=BATCH, verbose=0)
    _, accuracy = model.evaluate(unseen, wanted, verbose=0)
    sys.stdout.write(f"right about {accuracy:.1%} of {len(wanted)} scans that it has not seen\n")
    return network


def export(model: keras.Model, base_path: Path) -> Path:
    """Write base_path/1 and return it: JPEG, PNG, … in; probabilities and classes out."""

    def probabilities(images: Any) -> Any:  # string [n] -> float32 [n, 10]
        return model(decode_batch(images, SIZE, squash), training=False)

    return save_classifier(Classifier(probabilities, model.variables), base_path, version=1)


def main(arguments: Sequence[str]) -> int:
    """Train, save and export."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m examples.keras_digits.train FOLDER\n")
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    model = train()
    model.save(folder / "digits.keras")
    sys.stdout.write(f"{export(model, folder / 'digits')}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
