"""How a picture of any proportions is laid into the frame that the network sees.

A frame has about 25,600 pixels whatever its proportions, so that a thing on a wide canvas is seen
as finely as one on a square canvas. Training lays out by Pillow, the served graph by TensorFlow.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from PIL import Image

CELL = 8  # pixels of the frame, each side of a cell of the network's answer
# Height, width; multiples of two cells, 1:4 to 4:1.
FRAMES = (
    (320, 80), (272, 96), (224, 112), (192, 128), (160, 160),
    (128, 192), (112, 224), (96, 272), (80, 320),
)  # fmt: skip
_RATIOS = np.log([width / height for height, width in FRAMES]).astype(np.float32)


class Place(NamedTuple):
    """Where the picture lies in its frame; pixels of the frame."""

    left: Any
    top: Any
    width: Any
    height: Any


def fit(width: int, height: int) -> tuple[int, Place]:
    """Return the frame, as index in FRAMES, for a picture of width x height, and its place."""
    frame = int(np.abs(_RATIOS - np.log(width / height)).argmin())
    rows, columns = FRAMES[frame]
    scale = min(columns / width, rows / height)
    fitted_width = max(1, min(columns, round(width * scale)))
    fitted_height = max(1, min(rows, round(height * scale)))
    left, top = (columns - fitted_width) // 2, (rows - fitted_height) // 2
    return frame, Place(left, top, fitted_width, fitted_height)


def lay(picture: Image.Image) -> tuple[int, Place, npt.NDArray[np.uint8]]:
    """Return frame, place and pixels uint8 [*FRAMES[frame], 3]: what `lay_out` gives the network.

    Pillow's bilinear is antialiased, like tf.image.resize(…, antialias=True).
    """
    frame, place = fit(*picture.size)
    small = np.asarray(
        picture.convert("RGB").resize((place.width, place.height), Image.Resampling.BILINEAR)
    )
    pixels = np.empty((*FRAMES[frame], 3), np.uint8)
    pixels[:] = np.round(_border(small)).astype(np.uint8)
    pixels[place.top : place.top + place.height, place.left : place.left + place.width] = small
    return frame, place, pixels


def _border(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return the mean colour of the outermost pixels."""
    rows = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    mean: npt.NDArray[np.float32] = rows.mean(axis=0, dtype=np.float32)
    return mean


def decode(data: Any) -> Any:
    """Return the pixels of one picture file, uint8 [height, width, 3], RGB."""
    return tf.io.decode_image(data, channels=3, expand_animations=False)


def lay_out(pixels: Any) -> tuple[Any, Place]:
    """Return the frame with a picture's pixels in it, float32, 0..255, and their place."""
    height, width = _floats(tf.shape(pixels)[:2])
    frame = tf.argmin(tf.abs(_RATIOS - tf.math.log(width / height)))
    rows, columns = _floats(tf.gather(tf.constant(FRAMES), frame))
    scale = tf.minimum(columns / width, rows / height)
    fitted = tf.round(tf.clip_by_value(tf.stack([height, width]) * scale, 1, [rows, columns]))
    small = tf.image.resize(pixels, tf.cast(fitted, tf.int32), antialias=True)
    place = Place(
        tf.floor((columns - fitted[1]) / 2), tf.floor((rows - fitted[0]) / 2), fitted[1], fitted[0]
    )
    return _pad(small, place, rows, columns), place


def _pad(small: Any, place: Place, rows: Any, columns: Any) -> Any:
    """Fill the frame around the picture with the mean colour of its border."""
    edge = tf.concat([small[0], small[-1], small[:, 0], small[:, -1]], axis=0)
    border = tf.reduce_mean(edge, axis=0)
    around = [
        [place.top, rows - place.top - place.height],
        [place.left, columns - place.left - place.width],
        [0.0, 0.0],
    ]
    padded = tf.pad(
        small - border, tf.cast(tf.stack([tf.stack(each) for each in around]), tf.int32)
    )
    return tf.ensure_shape(tf.round(padded + border), [None, None, 3])


def _floats(pair: Any) -> tuple[Any, Any]:
    first, second = tf.unstack(tf.cast(pair, tf.float32), num=2)
    return first, second
