"""Networks of keras.applications with their ImageNet weights."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras

from serving.export.classifier import Classifier
from serving.export.picture import central_crop, decode_batch
from serving.export.publish import ExportError
from serving.export.weights import fetch


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One network: how Keras calls it, what it sees, where its weights are."""

    keras_name: str
    size: int  # pixels, each side of the square that it sees
    module: str  # keras.applications.<module>.preprocess_input
    weights: str  # path on Keras' host


# Top-1 on ImageNet by keras.io/api/applications: 74.9, 78.7, 82.0, 83.9 %.
APPLICATIONS = {
    "resnet50": Application(
        keras_name="ResNet50",
        size=224,
        module="resnet50",
        weights="resnet/resnet50_weights_tf_dim_ordering_tf_kernels.h5",
    ),
    "efficientnetv2b0": Application(
        keras_name="EfficientNetV2B0",
        size=224,
        module="efficientnet_v2",
        weights="efficientnet_v2/efficientnetv2-b0.h5",
    ),
    "efficientnetv2b3": Application(
        keras_name="EfficientNetV2B3",
        size=300,
        module="efficientnet_v2",
        weights="efficientnet_v2/efficientnetv2-b3.h5",
    ),
    "efficientnetv2s": Application(
        keras_name="EfficientNetV2S",
        size=384,
        module="efficientnet_v2",
        weights="efficientnet_v2/efficientnetv2-s.h5",
    ),
}


def build(name: str, weights: Path | None) -> Classifier:
    """Return the network as a classifier of 1,000 classes; raise ExportError.

    Without weights, they are fetched from Keras' host, or from the mirror KERAS_WEIGHTS_URL.
    """
    application = APPLICATIONS[name]
    fetched = fetch(application.weights) if weights is None else None  # may fail: before the work
    model = getattr(keras.applications, application.keras_name)(weights=None)
    if fetched is not None:
        _load_fetched(model, fetched)
    elif weights is not None:
        _load_weights(model, weights)
    preprocess = getattr(keras.applications, application.module).preprocess_input

    def probabilities(images: Any) -> Any:
        pixels = decode_batch(images, application.size, central_crop)
        return model(preprocess(pixels), training=False)

    return Classifier(probabilities, model.variables)


def _load_fetched(model: Any, path: Path) -> None:
    try:
        _load_weights(model, path)
    except ExportError as error:
        path.unlink(missing_ok=True)  # it is in the cache, where every later export would find it
        raise ExportError(
            f"{error}\nThe file was fetched, and is deleted now: run this again to fetch it anew."
        ) from None


def _load_weights(model: Any, path: Path) -> None:
    try:
        model.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        first_line = str(error).partition("\n")[0]
        raise ExportError(
            f"{path} does not hold the weights of {model.name} with 1,000 classes: {first_line}"
        ) from None
