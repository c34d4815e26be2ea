"""A SavedModel that takes picture files and says what they show.

serving_default  image string [batch] -> probabilities float32 [batch, n], classes int64 [batch]
top5             image string [batch] -> scores float32 [batch, 5], classes int64 [batch, 5];
                 as many as there are where a model knows fewer than five
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import tensorflow as tf

from serving.export.publish import publish
from serving.export.warmup import write_warmup

Probabilities = Callable[[Any], Any]  # string [batch] -> float32 [batch, classes]


_signature = tf.function(
    input_signature=[tf.TensorSpec([None], tf.string, name="image")],
    autograph=False,  # nothing to convert, and it would read this file again while it exports
)


class Classifier(tf.Module):  # type: ignore[misc]  # TensorFlow has no types
    """The two signatures over one function from picture files to probabilities."""

    def __init__(self, probabilities: Probabilities, variables: list[Any]) -> None:
        super().__init__()
        self._probabilities = probabilities
        # The values, not Keras' own variables: the session loader, and so TensorFlow Serving,
        # cannot find those ("Could not find variable …").
        self._weights = [variable.value for variable in variables]

    @_signature  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def serving_default(self, image: Any) -> dict[str, Any]:
        """Return the probability of every class, and the likeliest."""
        probabilities = self._probabilities(image)
        classes = tf.argmax(probabilities, axis=-1, output_type=tf.int64)
        return {"probabilities": probabilities, "classes": classes}

    @_signature  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def top5(self, image: Any) -> dict[str, Any]:
        """Return the five likeliest classes: 250 bytes of JSON where 1,000 classes take 23,000."""
        probabilities = self._probabilities(image)
        scores, classes = tf.math.top_k(probabilities, min(5, probabilities.shape[-1]))
        return {"scores": scores, "classes": tf.cast(classes, tf.int64)}


def save_classifier(module: Classifier, base_path: Path, version: int) -> Path:
    """Write base_path/version, whole or not at all, and return it."""

    def write(folder: Path) -> None:
        signatures = {"serving_default": module.serving_default, "top5": module.top5}
        tf.saved_model.save(module, str(folder), signatures=signatures)
        sample = sample_picture()
        requests = [{"image": [sample] * batch} for batch in (1, 4)]
        write_warmup(folder, base_path.name, dict.fromkeys(signatures, requests))

    return publish(write, base_path, version, {"image": np.array([sample_picture()], object)})


def sample_picture() -> bytes:
    """Return a small grey JPEG: enough to run every operation of the graph."""
    file = io.BytesIO()
    PIL.Image.new("RGB", (320, 256), (128, 128, 128)).save(file, "JPEG")
    return file.getvalue()
