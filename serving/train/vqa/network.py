"""The network that looks: a frame in, for each of its cells what lies there out.

Convolutions at 1/2, 1/4, 1/8 and 1/16 of the frame's resolution, and back to 1/8, so that a cell of
8x8 pixels sees most of the frame and still knows its own edges. Some 250,000 parameters.
Redmon et al., You Only Look Once, 2016, has the idea of one answer per cell.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from keras import layers

from serving.train.vqa.world import COLOURS, SHAPES

Weights = dict[str, npt.NDArray[np.float32]]


class Convolution(NamedTuple):
    """One convolution with its normalisation and ReLU."""

    filters: int
    stride: int = 1
    dilation: int = 1
    added: bool = False  # to its own input, as in a residual network


# Kernels are 3x3. The last three work at 1/16.
FINE = (
    Convolution(16, stride=2),
    Convolution(32, stride=2),
    Convolution(32, added=True),
    Convolution(64, stride=2),
    Convolution(64, added=True),
)
COARSE = (
    Convolution(96, stride=2),
    Convolution(96, added=True),
    Convolution(96, dilation=2, added=True),
)

# The channels of a cell's answer.
THING = 0  # logit: the centre of a thing lies here
PLACE = slice(1, 3)  # x, y from the middle of the cell, in cells
SIZE = 3  # log of pixels
REACH = slice(4, 8)  # log of pixels from the centre to the left, top, right, bottom
COLOUR = slice(8, 8 + len(COLOURS))  # logits
SHAPE = slice(COLOUR.stop, COLOUR.stop + len(SHAPES) + 1)  # logits; the last is something else
CHANNELS = SHAPE.stop


def build() -> Any:
    """Return a keras.Model: pixels 0..255 -> cells [n, rows, columns, CHANNELS], domain [n]."""
    pixels = keras.Input((None, None, 3))
    fine = stack(layers.Rescaling(1 / 127.5, -1)(pixels), FINE, "fine")
    coarse = stack(fine, COARSE, "coarse")
    lifted = layers.UpSampling2D()(layers.Conv2D(64, 1, name="lift")(coarse))
    joint = _convolve(layers.Add()([fine, lifted]), Convolution(64), "joint")
    cells = layers.Conv2D(CHANNELS, 1, name="cells")(joint)
    pooled = [
        pool()(part)
        for part in (coarse, joint)
        for pool in (layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D)
    ]
    hidden = layers.Dense(48, "relu", name="hidden")(layers.Concatenate()(pooled))
    domain = layers.Dense(1, name="domain")(layers.Dropout(0.2)(hidden))
    return keras.Model(pixels, [cells, layers.Flatten()(domain)])


def stack(x: Any, convolutions: tuple[Convolution, ...], name: str) -> Any:
    """Return x after the convolutions, as layers of Keras."""
    for number, convolution in enumerate(convolutions):
        x = _convolve(x, convolution, f"{name}{number}")
    return x


def _convolve(x: Any, convolution: Convolution, name: str) -> Any:
    y = layers.Conv2D(
        convolution.filters, 3, strides=convolution.stride, dilation_rate=convolution.dilation,
        padding="same", use_bias=False, name=name,
    )(x)  # fmt: skip
    y = layers.ReLU()(layers.BatchNormalization(name=f"{name}_norm")(y))
    return layers.Add()([x, y]) if convolution.added else y


def fold(model: Any) -> Weights:
    """Return the weights with each normalisation put into the convolution before it."""
    weights: Weights = {}
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            name = layer.name.removesuffix("_norm")
            gamma, beta, mean, variance = (np.asarray(value) for value in layer.get_weights())
            scale = gamma / np.sqrt(variance + layer.epsilon)
            weights[name] = (weights[name] * scale).astype(np.float32)
            weights[f"{name}_bias"] = (beta - mean * scale).astype(np.float32)
        elif layer.get_weights():
            kernel, *bias = layer.get_weights()
            weights[layer.name] = kernel
            weights.update({f"{layer.name}_bias": each for each in bias})
    return weights


def run(weights: Weights, pixels: Any) -> tuple[Any, Any]:
    """Return what build()'s model returns, from folded weights and by plain operations."""
    fine = run_stack(weights, pixels / 127.5 - 1, FINE, "fine")
    coarse = run_stack(weights, fine, COARSE, "coarse")
    lifted = _run(weights, coarse, "lift")
    lifted = tf.repeat(tf.repeat(lifted, 2, axis=1), 2, axis=2)
    joint = tf.nn.relu(_run(weights, fine + lifted, "joint"))
    pooled = [
        pool(part, axis=(1, 2))
        for part in (coarse, joint)
        for pool in (tf.reduce_mean, tf.reduce_max)
    ]
    hidden = tf.concat(pooled, axis=-1) @ weights["hidden"] + weights["hidden_bias"]
    domain = tf.nn.relu(hidden) @ weights["domain"] + weights["domain_bias"]
    return _run(weights, joint, "cells"), domain[:, 0]


def run_stack(weights: Weights, x: Any, convolutions: tuple[Convolution, ...], name: str) -> Any:
    """Return what stack()'s layers return, from folded weights and by plain operations."""
    for number, convolution in enumerate(convolutions):
        y = tf.nn.relu(
            _run(weights, x, f"{name}{number}", convolution.stride, convolution.dilation)
        )
        x = x + y if convolution.added else y
    return x


def _run(weights: Weights, x: Any, name: str, stride: int = 1, dilation: int = 1) -> Any:
    y = tf.nn.conv2d(x, weights[name], stride, "SAME", dilations=dilation)
    return tf.nn.bias_add(y, weights[f"{name}_bias"])
