"""The int8 form of a classifier: its network through TensorFlow's converter, the rest as it is.

Weights have a scale for each channel, activations one for each tensor, from the ranges that they
take on the calibrating pictures: ai.google.dev/edge/litert/conversion/tensorflow/quantization/
post_training_integer_quant.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.lite.python.convert import ConverterError

from serving.export.cut import Part, Parts, cut
from serving.export.publish import ExportError
from serving.platforms.int8 import LOGITS, PIXELS
from serving.progress import track
from serving.protocol.json_tensor import Array
from serving.protocol.signature import DEFAULT


def read_parts(model: Path) -> dict[str, Parts]:
    """Return the parts of each signature of a SavedModel; raise ExportError."""
    try:
        loaded = tf.saved_model.load(str(model))
    except (OSError, ValueError, tf.errors.OpError) as error:
        raise ExportError(f"{model} is no SavedModel that can be quantised: {error}") from None
    signatures = {name: each for name, each in loaded.signatures.items() if _inputs(each)}
    if DEFAULT not in signatures:
        raise ExportError(f"{model} has no signature {DEFAULT}; found {', '.join(signatures)}")
    return {name: cut(function, name) for name, function in signatures.items()}


def _inputs(function: Any) -> Mapping[str, Any]:
    inputs: Mapping[str, Any] = function.structured_input_signature[1]
    return inputs


def save_around(parts: Mapping[str, Parts], folder: Path) -> None:
    """Write the SavedModel of what is around the network: see serving.platforms.int8."""
    graph = tf.Graph()
    with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
        image, (pixels,) = _import(parts[DEFAULT].front, "front")
        signatures = {PIXELS: _signature({"image": image}, {"pixels": pixels})}
        for name, each in parts.items():
            logits, ends = _import(each.back, name)
            outputs = dict(zip(each.outputs, ends, strict=True))
            signatures[name] = _signature({LOGITS: logits}, outputs)
        builder = tf.compat.v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(session, ["serve"], signatures)
        builder.save()


def _import(part: Part, name: str) -> tuple[Any, Sequence[Any]]:
    start, *ends = tf.import_graph_def(
        part.graph, return_elements=[part.start, *part.ends], name=name
    )
    return start, ends


def _signature(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> Any:
    saved_model = tf.compat.v1.saved_model
    return saved_model.build_signature_def(
        *(
            {name: saved_model.build_tensor_info(tensor) for name, tensor in each.items()}
            for each in (inputs, outputs)
        ),
        "tensorflow/serving/predict",
    )


def quantise(network: Part, pixels: Sequence[Array]) -> bytes:
    """Return the network as a TFLite model in int8, for one picture at a time.

    pixels: float32 [1, height, width, channels] each, to calibrate by. Raises ExportError.
    """
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [_function(network, pixels[0])], tf.Module()
    )
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.representative_dataset = lambda: _representative(pixels)
    try:
        with _quietly():
            return bytes(converter.convert())
    except (ConverterError, ValueError, RuntimeError) as error:
        first = str(error).strip().partition("\n")[0]
        raise ExportError(
            f"the network cannot be quantised: {first}\n"
            "Some operation in it may have no form in int8; it can be served as it is, in fp32"
        ) from None


def _function(network: Part, like: Array) -> Any:
    """Return the network as a function of pixels that are shaped like these."""
    return tf.compat.v1.wrap_function(
        lambda pixels: tf.import_graph_def(
            network.graph, {network.start: pixels}, list(network.ends)
        ),
        [tf.TensorSpec(like.shape, like.dtype)],
    )


def _representative(pixels: Sequence[Array]) -> Iterator[list[Array]]:
    """Give the pixels as the converter wants them."""
    return ([picture] for picture in track(pixels, "calibrating"))


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Hide what the converter and its C++ warn of; what fails comes as an exception."""
    kept = os.dup(2)
    with open(os.devnull, "w") as nothing:  # noqa: PTH123  # a file descriptor is wanted
        os.dup2(nothing.fileno(), 2)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def check_alike(parts: Mapping[str, Parts], pixels: Array) -> None:
    """Raise ExportError where a signature has another network than the default's."""
    expected = _function(parts[DEFAULT].network, pixels)(tf.constant(pixels))[0]
    for name, each in parts.items():
        found = _function(each.network, pixels)(tf.constant(pixels))[0]
        if found.shape != expected.shape or not np.allclose(found, expected, rtol=1e-3, atol=1e-3):
            raise ExportError(
                f"the model cannot be quantised: signature {name} has another network than "
                f"{DEFAULT}; expected that all share one"
            )
