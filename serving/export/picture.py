"""Picture bytes to pixels, inside the graph: what a model is fed cannot differ from training.

tf.io.decode_image reads JPEG (progressive, grey, CMYK), PNG (palette, 16 bit), GIF (first frame),
BMP and WebP. It ignores the EXIF orientation and drops transparency, so whoever sends pictures
from the wild makes them upright and opaque first, as Kantu's worker does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

SHORT_SIDE = 1 / 0.875  # of the picture, in sides of the crop: how ImageNet models are evaluated


def decode_batch(images: Any, size: int, fit: Callable[[Any, int], Any]) -> Any:
    """Return float32 [batch, size, size, 3], RGB, 0..255, of a string [batch] of picture files."""

    def decode(data: Any) -> Any:
        pixels = tf.io.decode_image(data, channels=3, expand_animations=False)
        return tf.ensure_shape(fit(tf.cast(pixels, tf.float32), size), [size, size, 3])

    spec = tf.TensorSpec([size, size, 3], tf.float32)
    return tf.map_fn(decode, images, fn_output_signature=spec)


def central_crop(pixels: Any, size: int) -> Any:
    """Scale the short side to size/0.875 and keep the square in the middle."""
    height, width = tf.shape(pixels)[0], tf.shape(pixels)[1]
    scale = size * SHORT_SIDE / tf.cast(tf.minimum(height, width), tf.float32)
    scaled = [
        tf.cast(tf.round(tf.cast(side, tf.float32) * scale), tf.int32) for side in (height, width)
    ]
    pixels = tf.image.resize(pixels, scaled, antialias=True)
    return tf.image.resize_with_crop_or_pad(pixels, size, size)


def squash(pixels: Any, size: int) -> Any:
    """Scale both sides to size, whatever the aspect ratio: nothing is cut off."""
    return tf.image.resize(pixels, [size, size], antialias=True)
