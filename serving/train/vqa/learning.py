"""How the question parser learns: questions drawn from the wordings, steps down the gradient."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from serving.progress import track
from serving.train.camera import Random
from serving.train.vqa import lexicon, parser
from serving.train.vqa.parser import Arrays
from serving.train.vqa.program import SIZES
from serving.train.vqa.question import Asker
from serving.train.vqa.reading import GRAMS, TOKENS, Reader
from serving.train.vqa.wording import Wordings

logger = logging.getLogger(__name__)
LINES = 200_000
STEPS = 14_000
BATCH = 128
RATE = 2e-3
DROPOUT = 0.15
FORGOTTEN, WORDLESS = 0.1, 0.03  # words; words with their letters
SEEN_OFTEN = 4  # times; rarer words are known by their letters alone

Integers = npt.NDArray[np.int32]


class Parsed(NamedTuple):
    """A trained parser with what it reads by."""

    reader: Reader
    weights: Arrays


class Lesson(NamedTuple):
    """Lines as numbers, and what they ask."""

    words: Integers  # [n, TOKENS]
    grams: npt.NDArray[np.uint16]  # [n, TOKENS, GRAMS]
    slots: Integers  # [n, slots], see Program.slots


def draw(rng: Random, wordings: Sequence[Wordings], count: int) -> tuple[list[str], Integers]:
    """Return lines, as many of each language, and their programs' slots."""
    askers = [Asker(each) for each in wordings]
    drawn = [askers[i % len(askers)].line(rng) for i in range(count)]
    return [text for text, _ in drawn], np.array([each.slots for _, each in drawn], np.int32)


def vocabulary(reader: Reader, normalised: Any) -> list[str]:
    """Return the words that are seen often enough, the commonest first."""
    counts = Counter(reader.tokens(normalised).flat_values.numpy().tolist())
    often = [word for word, count in counts.items() if count >= SEEN_OFTEN]
    return [word.decode() for word in sorted(often, key=lambda word: (-counts[word], word))]


def lesson(reader: Reader, normalised: Any, slots: Integers) -> Lesson:
    """Return normalised lines as numbers, all of one width."""
    words = np.zeros((len(slots), TOKENS), np.int32)
    grams = np.zeros((len(slots), TOKENS, GRAMS), np.uint16)
    for start in range(0, len(slots), 2000):
        part = reader.read(normalised[start : start + 2000])
        width = part.words.shape[1]
        words[start : start + 2000, :width] = part.words
        grams[start : start + 2000, :width] = part.grams
    return Lesson(words, grams, slots)


def learn(
    wordings: Sequence[Wordings], seed: int, lines: int = LINES, steps: int = STEPS
) -> Parsed:
    """Return a parser trained on questions in the wordings; the same for one seed."""
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    started = time.monotonic()
    texts, slots = draw(rng, wordings, lines)
    english, chinese = (each.words for each in wordings)
    rules, characters = lexicon.rules(english, chinese), lexicon.characters()
    reader = Reader(rules, characters, ["a"])
    normalised = tf.concat(
        [reader.normalise(tf.constant(texts[i : i + 2000])) for i in range(0, lines, 2000)], 0
    )
    reader = Reader(rules, characters, vocabulary(reader, normalised))
    lessons = lesson(reader, normalised, slots)
    logger.info("%d lines drawn and read in %.0f s, %d words", lines, time.monotonic() - started,
                len(reader.vocabulary))  # fmt: skip
    weights = descend(parser.initial(len(reader.vocabulary) + 3, seed), lessons, rng, steps)
    logger.info("parser trained in %.0f s", time.monotonic() - started)
    return Parsed(reader, weights)


def descend(weights: Arrays, lessons: Lesson, rng: Random, steps: int) -> Arrays:
    """Return the weights after some steps of Adam with a falling rate."""
    variables = {name: keras.Variable(value, name=name) for name, value in weights.items()}
    schedule = keras.optimizers.schedules.CosineDecay(
        RATE, steps, warmup_target=RATE, warmup_steps=100
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=0.01, clipnorm=1.0)

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def step(words: Any, grams: Any, slots: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = _loss(
                {name: each.value for name, each in variables.items()}, words, grams, slots
            )
        trained = list(variables.values())
        gradients = tape.gradient(loss, [each.value for each in trained])
        optimizer.apply([tf.convert_to_tensor(each) for each in gradients], trained)
        return loss

    losses = []
    for number in track(range(1, steps + 1), "the parser learns"):
        chosen = rng.integers(0, len(lessons.slots), BATCH)
        words = lessons.words[chosen]
        width = 4 * -(-int((words > 0).sum(axis=1).max()) // 4)
        grams = lessons.grams[chosen, :width].astype(np.int32)
        losses.append(float(step(words[:, :width], grams, lessons.slots[chosen])))
        if number % 500 == 0:
            logger.info("step %d: loss %.4f", number, np.mean(losses[-500:]))
    return {name: np.asarray(each.value) for name, each in variables.items()}


def _loss(weights: Any, words: Any, grams: Any, slots: Any) -> Any:
    """Return the mean cross-entropy; of what cannot be answered the task alone counts."""
    words, grams = parser.forget(words, grams, FORGOTTEN, WORDLESS)
    found = parser.parse(weights, words, grams, DROPOUT)
    asks = tf.cast(slots[:, 0] > 0, tf.float32)
    losses = [
        -tf.reduce_sum(tf.one_hot(slots[:, i], size) * found[i], axis=1)
        for i, size in enumerate(SIZES)
    ]
    return tf.reduce_mean(losses[0] + asks * tf.add_n(losses[1:]))
