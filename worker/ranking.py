"""What a classifier answered, held against what it may answer: nothing else reaches a follower."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable

from worker.errors import ModelUnavailable

BACKGROUND = 0  # the one class that need not have a name, as in TensorFlow's models of 1,001
_BEST = 5
_ROUNDING = 0.001  # by which float32 may pass one


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """The likeliest classes."""

    best: list[tuple[int, float]]  # class number and probability, the likeliest first
    classes: int | None  # how many there are; None where the answer does not show it


def rank_five(answer: object) -> Ranking:
    """Return what `top5` says: `classes` and `scores`; raise ModelUnavailable."""
    numbers = answer.get("classes") if isinstance(answer, dict) else None
    scores = answer.get("scores") if isinstance(answer, dict) else None
    if not isinstance(numbers, list) or not isinstance(scores, list):
        raise ModelUnavailable("the model's answer has no lists of classes and scores")
    if len(numbers) != len(scores):
        raise ModelUnavailable(f"the model gave {len(numbers)} classes and {len(scores)} scores")
    pairs = zip(map(_class, numbers), map(_probability, scores), strict=True)
    return Ranking(best=_best(pairs), classes=None)


def rank_vector(answer: object, output: str | None, classes: int | None) -> Ranking:
    """Return what a vector of probabilities says; raise ModelUnavailable.

    output: its name; None where it is the only one and sent without. classes: how many there are.
    """
    named = isinstance(answer, dict) and output is not None
    values = answer.get(output) if named and isinstance(answer, dict) else answer
    if not isinstance(values, list) or len(values) != (classes or len(values)):
        found = f"{len(values)} numbers" if isinstance(values, list) else "no list"
        raise ModelUnavailable(f"the model gave {found}; expected {classes or ''} probabilities")
    return Ranking(best=_best(enumerate(map(_probability, values))), classes=len(values))


def _best(pairs: Iterable[tuple[int, float]]) -> list[tuple[int, float]]:
    ranked = sorted(pairs, key=lambda pair: -pair[1])
    if not ranked:
        raise ModelUnavailable("the model's answer is empty")
    return ranked[:_BEST]


def _class(value: object) -> int:
    number = _number(value)
    if number < 0 or number != int(number):
        raise ModelUnavailable(f"the model answered {value!r} where the number of a class belongs")
    return int(number)


def _probability(value: object) -> float:
    number = _number(value)
    if not 0 <= number <= 1 + _ROUNDING:
        raise ModelUnavailable(
            f"the model answered {value!r} where a probability belongs: is its softmax missing?"
        )
    return number


def _number(value: object) -> float:
    """Return a finite number; raise ModelUnavailable, for NaN is no answer to a follower."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ModelUnavailable(f"the model answered {value!r} where a number belongs")
    return float(value)
