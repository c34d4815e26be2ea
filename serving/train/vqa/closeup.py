"""The second look: each thing that was found, seen closely, in the picture's own pixels.

The first look sees the whole picture in some 25,600 pixels, where a small hexagon is as good as
round. This one sees one thing at a time, always as large, and says which of our shapes it is, or
none of them. It has some 70,000 parameters.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import layers

from serving.train.vqa import network
from serving.train.vqa.network import Convolution, Weights
from serving.train.vqa.world import SHAPES

SIDE = 32  # pixels of a close-up
_FINER = 2  # times as fine before neighbours are averaged, so that edges are smooth
MARGIN = 1.35  # sides of the close-up, in those of the thing
_LAYERS = (
    Convolution(16),
    Convolution(24, stride=2),
    Convolution(24, added=True),
    Convolution(48, stride=2),
    Convolution(48, added=True),
    Convolution(64, stride=2),
)


def build() -> Any:
    """Return a keras.Model: close-ups 0..255 -> logits [n, shapes + 1], the last none of ours."""
    pixels = keras.Input((SIDE, SIDE, 3))
    seen = network.stack(layers.Rescaling(1 / 127.5, -1)(pixels), _LAYERS, "close")
    pooled = [pool()(seen) for pool in (layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D)]
    hidden = layers.Dropout(0.2)(layers.Concatenate()(pooled))
    return keras.Model(pixels, layers.Dense(len(SHAPES) + 1, name="close_shape")(hidden))


def run(weights: Weights, closeups: Any) -> Any:
    """Return what build()'s model returns, from folded weights and by plain operations."""
    seen = network.run_stack(weights, closeups / 127.5 - 1, _LAYERS, "close")
    pooled = [pool(seen, axis=(1, 2)) for pool in (tf.reduce_mean, tf.reduce_max)]
    return tf.concat(pooled, axis=-1) @ weights["close_shape"] + weights["close_shape_bias"]


def crop(pixels: Any, boxes: Any) -> Any:
    """Return close-ups float32 [n, SIDE, SIDE, 3] of a picture's things, each in their middle.

    pixels: uint8 [height, width, 3]; boxes: float32 [n, 4], ymin, xmin, ymax, xmax in parts of the
    picture. What lies outside of the picture is grey.
    """
    extent = tf.cast(tf.shape(pixels)[:2], tf.float32)
    low, high = boxes[:, :2] * extent, boxes[:, 2:] * extent
    half = tf.reduce_max(high - low, axis=1, keepdims=True) * (MARGIN / 2)
    middle = (low + high) / 2
    # Its 0 and 1 are the middles of the first and the last pixel.
    corners = tf.concat([middle - half, middle + half], axis=1) - 0.5
    places = corners / tf.maximum(tf.tile(extent, [2]) - 1, 1.0)
    fine = [_FINER * SIDE, _FINER * SIDE]
    which = tf.zeros_like(places[:, 0], tf.int32)
    cut = tf.image.crop_and_resize(
        pixels[tf.newaxis], places, which, fine, extrapolation_value=128.0
    )
    return tf.nn.avg_pool2d(cut, _FINER, _FINER, "VALID")
