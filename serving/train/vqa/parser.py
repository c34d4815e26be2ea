"""The trained question parser: tokens in, the probability of each value of each slot out.

Two rounds of a convolution over neighbouring tokens and of attention to all tokens of the line
(Vaswani et al., 2017), so that both word order and what is far apart are seen. What is asked (task,
relation) is read off the whole line; what is referred to (colours, shapes, orders, pronouns) is
read off single tokens at which the network points, so that a word which is understood in one place
is understood in all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.train.vqa.program import SIZES
from serving.train.vqa.reading import BUCKETS, PADDING, TOKENS, UNSEEN

WIDTH = 96
_ROUNDS = 2
_KERNEL = 5  # tokens
_HEADS = 4
_WHOLE = 2  # slots that are read off the whole line: the first of SIZES
_FAR = 1e4
_LEAST = 1e-6  # probability of a value

Arrays = dict[str, npt.NDArray[np.float32]]
Weights = Mapping[str, Any]  # arrays, or variables while they are learned


def initial(vocabulary: int, seed: int) -> Arrays:
    """Return the weights before training; vocabulary counts all numbers of tokens."""
    rng = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, ...]] = {
        "words": (vocabulary, WIDTH),
        "grams": (BUCKETS + 1, WIDTH),
        "places": (TOKENS, WIDTH),
        **{f"convolution{i}": (_KERNEL, WIDTH, WIDTH) for i in range(_ROUNDS)},
        **{f"looking{i}": (WIDTH, 3 * WIDTH) for i in range(_ROUNDS)},
        **{f"seen{i}": (WIDTH, WIDTH) for i in range(_ROUNDS)},
        "pointers": (WIDTH, len(SIZES)),
        "values": (WIDTH, sum(SIZES[_WHOLE:])),
        "task": (2 * WIDTH, SIZES[0]),
        "relation": (2 * WIDTH, SIZES[1]),
    }
    weights = {name: rng.normal(0, _spread(name, shape), shape) for name, shape in shapes.items()}
    weights |= {f"bias{i}": np.zeros(WIDTH) for i in range(_ROUNDS)}
    weights |= {f"scale{i}": np.ones(WIDTH) for i in range(2 * _ROUNDS)}
    biases = {"values_bias": sum(SIZES[_WHOLE:]), "task_bias": SIZES[0], "relation_bias": SIZES[1]}
    weights |= {name: np.zeros(size) for name, size in biases.items()}
    return {name: value.astype(np.float32) for name, value in weights.items()}


def _spread(name: str, shape: tuple[int, ...]) -> float:
    """Return a standard deviation that keeps the size of what flows through."""
    return 0.1 if name in ("words", "grams", "places") else float(np.sqrt(1 / np.prod(shape[:-1])))


def parse(weights: Weights, words: Any, grams: Any, dropout: float = 0.0) -> list[Any]:
    """Return for each slot of SIZES the log probabilities of its values, float32 [n, size].

    words: int32 [n, tokens]; grams: int32 [n, tokens, grams]; see reading.Lines.
    """
    known = tf.cast(words != PADDING, tf.float32)[..., tf.newaxis]
    nowhere = -_FAR * (1 - known)
    embedded = _embed(weights, words, grams) * known
    x = _encode(weights, embedded, known, dropout)
    pointers = tf.unstack(tf.nn.softmax(x @ weights["pointers"] + nowhere, axis=1), axis=-1)
    highest = tf.reduce_max(x + nowhere, axis=1)
    found = []
    for pointer, name in zip(pointers, ("task", "relation"), strict=False):
        pointed = tf.reduce_sum(pointer[..., tf.newaxis] * x, axis=1)
        line = _dropped(tf.concat([pointed, highest], axis=1), dropout)
        found.append(tf.nn.log_softmax(line @ weights[name] + weights[f"{name}_bias"]))
    values = embedded @ weights["values"] + weights["values_bias"]
    sizes = list(SIZES[len(found) :])
    for pointer, each in zip(pointers[len(found) :], tf.split(values, sizes, -1), strict=True):
        chances = tf.reduce_sum(pointer[..., tf.newaxis] * tf.nn.softmax(each), axis=1)
        found.append(tf.math.log(_LEAST + chances))
    return found


def _encode(weights: Weights, x: Any, known: Any, dropout: float) -> Any:
    """Return what each token means in its line, float32 [n, tokens, WIDTH]."""
    x = _dropped(x + weights["places"][: tf.shape(x)[1]], dropout) * known
    for i in range(_ROUNDS):
        y = tf.nn.conv1d(x, weights[f"convolution{i}"], 1, "SAME") + weights[f"bias{i}"]
        y = tf.nn.relu(_normal(y, weights[f"scale{2 * i}"]))
        x = (x + _dropped(y, dropout)) * known
        y = _attend(weights, _normal(x, weights[f"scale{2 * i + 1}"]), known, i)
        x = (x + _dropped(y, dropout)) * known
    return x


def _attend(weights: Weights, x: Any, known: Any, number: int) -> Any:
    """Return for each token what it takes from the others."""
    shape = tf.shape(x)
    split = tf.reshape(x @ weights[f"looking{number}"], [shape[0], shape[1], 3, _HEADS, -1])
    query, key, value = tf.unstack(tf.transpose(split, [2, 0, 3, 1, 4]))
    scores = tf.matmul(query, key, transpose_b=True) * (_HEADS / WIDTH) ** 0.5
    looks = tf.nn.softmax(scores - _FAR * (1 - known[:, tf.newaxis, :, 0][:, :, tf.newaxis]))
    seen = tf.transpose(tf.matmul(looks, value), [0, 2, 1, 3])
    return tf.reshape(seen, [shape[0], shape[1], WIDTH]) @ weights[f"seen{number}"]


def _embed(weights: Weights, words: Any, grams: Any) -> Any:
    """Return what is known of each token by itself: of the word, and of the letters in it."""
    present = tf.cast(grams > 0, tf.float32)[..., tf.newaxis]
    groups = tf.cast(tf.gather(weights["grams"], grams), tf.float32)
    letters = tf.reduce_sum(groups * present, axis=2)
    count = tf.maximum(tf.reduce_sum(present, axis=2), 1.0)
    own = tf.cast(tf.gather(weights["words"], words), tf.float32)
    return own + letters / tf.sqrt(count)


def _normal(x: Any, scale: Any) -> Any:
    """Return layer normalisation: Ba et al., 2016."""
    mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + 1e-5) * scale


def _dropped(x: Any, rate: float) -> Any:
    return tf.nn.dropout(x, rate) if rate else x


def forget(words: Any, grams: Any, known: float, letters: float) -> tuple[Any, Any]:
    """Return the tokens with some words as if never seen, and some without their letters too."""
    chance = tf.random.uniform(tf.shape(words))
    own = words > UNSEEN + 1
    words = tf.where(own & (chance < known), UNSEEN, words)
    return words, tf.where((own & (chance < letters))[..., tf.newaxis], 0, grams)
