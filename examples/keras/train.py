"""Iris flowers by Keras, saved whole.

.venv/bin/python -m examples.keras.train models/iris
.venv/bin/python -m serving --model_name=iris --model_base_path=models/iris
curl -d '{"data": [[5.1, 3.5, 1.4, 0.2]]}' http://127.0.0.1:8501/
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from sklearn.datasets import load_iris


def train() -> Any:
    """Return a model that knows most of the flowers."""
    keras.utils.set_random_seed(1)
    iris = load_iris()
    model = keras.Sequential(
        [
            keras.Input((4,), name="flower"),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(3, activation="softmax", name="probabilities"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    model.fit(iris.data, iris.target, epochs=30, batch_size=50, verbose=0)
    return model


def main(folder: Path, version: int = 1, ending: str = ".keras") -> Path:
    """Train the model and write it as a version of FOLDER; return its file.

    ending: .keras, or .h5 as Keras 2 had it.
    """
    path = folder / str(version) / f"model{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    train().save(path)
    return path


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m examples.keras.train FOLDER")
    sys.stdout.write(f"{main(Path(sys.argv[1]))}\n")
