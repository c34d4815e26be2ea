"""The whole model as one SavedModel: eyes, parser, reasoning and words, in core operations alone.

serving_default  image string [n], question string [n] -> answer, answer_id, confidence, family,
                 in_domain [n]
describe         image string [n] -> num_detections [n], detection_boxes [n, 20, 4] and so on
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from serving.train.vqa import answer, dialogue, executor, parser, reading
from serving.train.vqa.calibration import Calibration
from serving.train.vqa.executor import Asked
from serving.train.vqa.eyes import Eyes, Objects
from serving.train.vqa.learning import Parsed
from serving.train.vqa.program import ORDERS, RELATIONS, TASKS, Program, Referent
from serving.train.vqa.speech import Speech
from serving.train.vqa.world import COLOURS, SHAPES

ANSWERED = 0.5  # confidence from which an answer is given
UNKNOWN = "unknown"  # family of a question that is not answered
# Probabilities: that the lines were understood, that the picture is of our world, that the least
# clear thing and comparison are what they seem.
EVIDENCES = ("lines", "world", "clarity")
_TINY = 1e-6
_HALVED = ("words", "grams")  # the parser's tables, most of its weights, stored in 16 bits


class Model(tf.Module):  # type: ignore[misc]  # TensorFlow has no types
    """The two signatures."""

    def __init__(self, eyes: Eyes, parsed: Parsed, calibration: Calibration) -> None:
        super().__init__()
        # Variables, not constants: the two signatures share them.
        self._sight = {
            name: _variable(each.astype(np.float16) if each.ndim > 1 else each)
            for name, each in eyes.weights.items()
        }
        self._grammar = {
            name: _variable(each.astype(np.float16) if name in _HALVED else each)
            for name, each in parsed.weights.items()
        }
        self._reader = parsed.reader
        self._calibration, self._speech = calibration, Speech()
        self._families = tf.constant(_families())

    @tf.function(  # type: ignore[untyped-decorator]  # TensorFlow has no types
        input_signature=[
            tf.TensorSpec([None], tf.string, name="image"),
            tf.TensorSpec([None], tf.string, name="question"),
        ],
        autograph=False,
    )
    def serving_default(self, image: Any, question: Any) -> dict[str, Any]:
        """Return the answer to each question about its picture."""
        seen = self.see(image)
        found, evidence, resolved = self.reason(seen, question)
        confidence = _within(self._confidence(evidence), seen.in_domain)
        known = confidence >= ANSWERED
        number = tf.where(known, found, answer.UNKNOWN)
        family = tf.where(known, self._family(resolved.asked), UNKNOWN)
        language = self.language(question)
        words = self._speech.say(number, resolved.asked, executor.scene(seen), language)
        return {
            "answer": words,
            "answer_id": number,
            "confidence": confidence,
            "family": family,
            "in_domain": seen.in_domain,
        }

    @tf.function(  # type: ignore[untyped-decorator]  # TensorFlow has no types
        input_signature=[tf.TensorSpec([None], tf.string, name="image")], autograph=False
    )
    def describe(self, image: Any) -> dict[str, Any]:
        """Return the things in each picture, from left to right."""
        seen = self.see(image)
        order = tf.argsort(tf.where(seen.kept, seen.x, np.inf), axis=1)
        seen = Objects(
            *(
                tf.gather(each, order, batch_dims=1) if each.shape.rank > 1 else each
                for each in seen
            )
        )
        return {
            "num_detections": tf.reduce_sum(tf.cast(seen.kept, tf.int32), axis=1),
            "detection_boxes": tf.where(seen.kept[..., tf.newaxis], seen.box, 0.0),
            "detection_scores": tf.where(seen.kept, seen.score, 0.0),
            "detection_colours": _named(seen.kept, seen.colour_probs, COLOURS),
            "detection_shapes": _named(seen.kept, seen.shape_probs, SHAPES),
            "in_domain": seen.in_domain,
        }

    def see(self, image: Any) -> Objects:
        """Return what is in the picture files."""
        eyes = Eyes({name: tf.cast(each, tf.float32) for name, each in self._sight.items()})
        return eyes.see(image)

    def reason(self, seen: Objects, question: Any) -> tuple[Any, Any, dialogue.Resolved]:
        """Return the numbers of the answers, their EVIDENCES [n, 3], and what was asked."""
        things = executor.scene(seen)
        asked, sure = self.understand(question)
        resolved = dialogue.resolve(asked, sure, things)
        found = executor.execute(resolved.asked, things, resolved.before)
        evidence = [resolved.sure, seen.in_domain, found.sure * _clear(seen)]
        return found.number, tf.stack(evidence, axis=1), resolved

    def _confidence(self, evidence: Any) -> Any:
        logit = tf.math.log(evidence + _TINY) - tf.math.log(1 - evidence + _TINY)
        curves = tf.sigmoid(self._calibration.offsets + self._calibration.slopes * logit)
        return tf.reduce_prod(curves, axis=1)

    def understand(self, question: Any) -> tuple[Asked, Any]:
        """Return the likeliest program of each line, [n, LINES], and how likely it is."""
        lines = reading.split(self._reader.normalise(question))
        flat = tf.reshape(lines, [-1])
        read = self._reader.read(flat)
        task, *rest = parser.parse(self._grammar, read.words, read.grams)
        best = [1 + tf.argmax(task[:, 1:], 1), *(tf.argmax(each, 1) for each in rest)]
        chances = [task[:, 1:], *rest]
        log_sure = tf.add_n([tf.reduce_max(each, axis=1) for each in chances])
        short = tf.repeat(tf.strings.length(question) < reading.BYTES, reading.LINES)
        said, shape = read.whole & (flat != "") & short, tf.shape(lines)
        asked = Asked(*(tf.reshape(tf.cast(each, tf.int32), shape) for each in best))
        return asked, tf.reshape(tf.where(said, tf.exp(log_sure), 0.0), shape)

    def language(self, question: Any) -> Any:
        """Return 1 where there is a Chinese character in the text, else 0: int32 [n]."""
        return tf.cast(tf.strings.regex_full_match(question, "(?s).*\\p{Han}.*"), tf.int32)

    def _family(self, asked: Asked) -> Any:
        said = tf.cast(asked.colour + asked.shape + asked.it > 0, tf.int32)
        place = tf.stack([asked.task, asked.relation, asked.order, said], axis=1)
        return tf.gather_nd(self._families, place)


def _within(confidence: Any, in_domain: Any) -> Any:
    """Return the confidence; of a picture that is none of ours no more than that it is one."""
    return tf.where(in_domain < ANSWERED, tf.minimum(confidence, in_domain), confidence)


def _variable(value: Any) -> Any:
    return tf.Variable(value, trainable=False)


def _clear(seen: Objects) -> Any:
    """Return how clear the least clear of the things is, float32 [n]."""
    sure = tf.reduce_max(seen.colour_probs, axis=-1) * tf.reduce_max(seen.shape_probs, axis=-1)
    return tf.reduce_min(tf.where(seen.kept, sure, 1.0), axis=1) * (1 - 0.5 * seen.doubt)


def _named(kept: Any, chances: Any, names: tuple[str, ...]) -> Any:
    return tf.where(kept, tf.gather(tf.constant(names), tf.argmax(chances, axis=-1)), "")


def _families() -> list[Any]:
    """Return the family of each [task, relation, order of A, whether A is said]."""
    return [
        [[[_family_of(task, relation, order, said) for said in range(2)]
          for order in range(len(ORDERS))] for relation in RELATIONS] for task in TASKS
    ]  # fmt: skip


def _family_of(task: str, relation: str, order: int, said: int) -> str:
    program = Program(task=task, relation=relation, a=Referent(colour=said, order=order))
    return UNKNOWN if task in (UNKNOWN, "ellipsis") else program.family
