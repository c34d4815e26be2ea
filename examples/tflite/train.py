"""Iris flowers by Keras, converted to TFLite, for small machines.

.venv/bin/python -m examples.tflite.train models/iris
.venv/bin/python -m serving --model_name=iris --model_base_path=models/iris
curl -d '{"data": [[5.1, 3.5, 1.4, 0.2]]}' http://127.0.0.1:8501/
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

from examples.keras.train import train


def main(folder: Path, version: int = 1) -> Path:
    """Train the model and write it as a version of FOLDER; return its file."""
    path = folder / str(version) / "model.tflite"
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as exported:
        train().export(exported, verbose=False)
        path.write_bytes(tf.lite.TFLiteConverter.from_saved_model(exported).convert())
    return path


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m examples.tflite.train FOLDER")
    sys.stdout.write(f"{main(Path(sys.argv[1]))}\n")
