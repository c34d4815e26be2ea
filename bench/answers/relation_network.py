"""A baseline: pictures and questions in, answers out, nothing told about things or programs.

Convolutions, then a relation network over all pairs of cells: Santoro et al., A simple neural
network module for relational reasoning, 2017. Its pictures and questions come from the generator
that our model learns from, but it sees the answers only.
"""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from keras import layers
from PIL import Image, ImageOps

from serving.train.camera import Random
from serving.train.vqa import answer, draw, learning, lexicon, reading
from serving.train.vqa.exam import Task
from serving.train.vqa.question import Asker
from serving.train.vqa.scene import compose
from serving.train.vqa.wording import Wordings

SEED = 20170605
SIDE = 96  # pixels
PICTURES = 5_000
QUESTIONS = 12  # of each picture
_TOKENS = 32
_CELLS = SIDE // 16  # each way
_WORDS = 64  # width of a token
_BATCH = 64
_RATE = 1e-3


class RelationNetwork:
    """Trained for some minutes; answers tasks."""

    def __init__(self, wordings: Sequence[Wordings], minutes: float) -> None:
        keras.utils.set_random_seed(SEED)
        rng = np.random.default_rng(SEED)
        pictures, which, texts, answers = _drawn(rng, wordings)
        self._reader = _reader(wordings, texts)
        tokens = self._tokens(texts)
        self._network = _build(len(self._reader.vocabulary) + 3)
        self.samples = 0  # questions learned from
        started = time.monotonic()
        while time.monotonic() - started < 60 * minutes:
            chosen = rng.integers(0, len(answers), _BATCH)
            inputs = (pictures[which[chosen]].astype(np.float32), tokens[chosen])
            self._network.train_on_batch(inputs, answers[chosen])
            self.samples += _BATCH

    def right(self, tasks: Sequence[Task]) -> npt.NDArray[np.bool_]:
        """Return for each task whether the likeliest answer is the true one."""
        pictures = np.stack([_small(Image.open(io.BytesIO(task.picture))) for task in tasks])
        tokens = self._tokens([task.question.text for task in tasks])
        inputs = (pictures.astype(np.float32), tokens)
        found = self._network.predict(inputs, batch_size=100, verbose=0).argmax(axis=1)
        right: npt.NDArray[np.bool_] = found == [task.question.answer for task in tasks]
        return right

    def _tokens(self, texts: Sequence[str]) -> npt.NDArray[np.int32]:
        parts = []
        for start in range(0, len(texts), 1000):
            normalised = self._reader.normalise(tf.constant(texts[start : start + 1000]))
            words = self._reader.read(normalised).words[:, :_TOKENS].numpy()
            parts.append(np.pad(words, [(0, 0), (0, _TOKENS - words.shape[1])]))
        return np.concatenate(parts)


def _drawn(rng: Random, wordings: Sequence[Wordings]) -> tuple[Any, Any, list[str], Any]:
    """Return pictures, and of each question its picture, its text and its answer."""
    askers = [Asker(each) for each in wordings]
    pictures, which, texts, answers = [], [], [], []
    for number in range(PICTURES):
        picture, scene = draw.picture(rng, compose(rng))
        pictures.append(_small(picture))
        for each in range(QUESTIONS):
            question = askers[each % len(askers)].ask(rng, scene)
            which.append(number)
            texts.append(question.text)
            answers.append(question.answer)
    return np.stack(pictures), np.array(which), texts, np.array(answers)


def _small(picture: Image.Image) -> npt.NDArray[np.uint8]:
    return np.asarray(ImageOps.pad(picture.convert("RGB"), (SIDE, SIDE), color="white"))


def _reader(wordings: Sequence[Wordings], texts: list[str]) -> reading.Reader:
    english, chinese = (each.words for each in wordings)
    rules, characters = lexicon.rules(english, chinese), lexicon.characters()
    reader = reading.Reader(rules, characters, ["a"])
    parts = [reader.normalise(tf.constant(texts[i : i + 1000])) for i in range(0, len(texts), 1000)]
    return reading.Reader(rules, characters, learning.vocabulary(reader, tf.concat(parts, 0)))


def _build(vocabulary: int) -> Any:
    picture = keras.Input((SIDE, SIDE, 3))
    x = layers.Rescaling(1 / 127.5, -1)(picture)
    for filters in (24, 32, 48, 48):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    cells = layers.Reshape((_CELLS * _CELLS, 48))(x)
    cells = layers.Dense(48)(cells) + layers.Dense(48)(_places())
    tokens = keras.Input((_TOKENS,), dtype="int32")
    asked = layers.Bidirectional(layers.GRU(64))(layers.Embedding(vocabulary, _WORDS)(tokens))
    # The first layer over pairs, split by what it is over: the same sums, a hundredth of the work.
    one = layers.Reshape((1, _CELLS * _CELLS, 128))(layers.Dense(128)(cells))
    two = layers.Reshape((_CELLS * _CELLS, 1, 128))(layers.Dense(128)(cells))
    pairs = layers.ReLU()(one + two + layers.Reshape((1, 1, 128))(layers.Dense(128)(asked)))
    pairs = layers.Dense(128, "relu")(layers.Dense(128, "relu")(pairs))
    summed = layers.GlobalAveragePooling2D()(pairs)
    hidden = layers.Dropout(0.2)(layers.Dense(256, "relu")(layers.Concatenate()([summed, asked])))
    network = keras.Model([picture, tokens], layers.Dense(answer.COUNT)(hidden))
    network.compile(
        keras.optimizers.Adam(_RATE), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    return network


def _places() -> npt.NDArray[np.float32]:
    """Return where each cell is: float32 [1, cells, 2], -1..1."""
    line = np.linspace(-1, 1, _CELLS, dtype=np.float32)
    return np.stack(np.meshgrid(line, line), axis=-1).reshape(1, -1, 2)
