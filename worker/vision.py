"""What a picture shows, by a classifier.

Any SavedModel will do whose signature takes one string (the bytes of a picture) and gives either
`scores` and `classes` (the five best: `top5`) or a vector of probabilities.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import time
from collections.abc import Mapping
from typing import Any

from labels.classes import ClassName, LabelsError, match_labels
from worker.breaker import Breaker
from worker.errors import ModelMismatch, ModelUnavailable
from worker.model_server import ModelServer
from worker.ranking import BACKGROUND, Ranking, rank_five, rank_vector
from worker.seen import Seen

_SIGNATURES = ("top5", "serving_default", "predict")  # the first that the model has
_ACQUAINTED = 60  # seconds; after that the model may be another one


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """One class and how likely it is."""

    name: ClassName | None  # None for a class that has none, such as the background
    probability: float  # 0..1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """How the classifier wants to be called."""

    name: str
    output: str | None  # the name of the probabilities; None: the only output, sent without a name
    version: str
    classes: int | None  # how many; None where the model does not say


class Classifier:
    """Says what a picture shows; the same picture is asked about once in some minutes."""

    def __init__(
        self,
        server: ModelServer,
        model: str,
        names: Mapping[int, ClassName],
        breaker: Breaker,
        seen: Seen,
    ) -> None:
        self._server = server
        self._model = model
        self._given = names
        self._breaker = breaker
        self._seen = seen
        self._known: tuple[Signature, Mapping[int, ClassName]] | None = None
        self._ask_again = 0.0  # by time.monotonic()

    def signature(self) -> Signature:
        """Return how the model is called; raise ModelUnavailable, ModelMismatch or LabelsError."""
        return self._know()[0]

    def _know(self) -> tuple[Signature, Mapping[int, ClassName]]:
        """Ask the model now and then what it is, and hold the class names against it."""
        if self._known is None or time.monotonic() > self._ask_again:
            self._ask_again = time.monotonic() + _ACQUAINTED  # of many threads, one asks
            try:
                self._known = self._meet()
            except (LabelsError, ModelMismatch):
                self._known = None
                raise
        return self._known

    def _meet(self) -> tuple[Signature, Mapping[int, ClassName]]:
        version, signatures = self._breaker.call(
            lambda: self._server.metadata(self._model), self._breaker.failures()
        )
        try:
            signature = choose_signature(self._model, version, signatures)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise ModelUnavailable(f"metadata of {self._model} in an unknown form") from None
        classes = signature.classes
        names = match_labels(self._given, classes) if classes else self._given
        return signature, names

    def classify(self, picture: bytes) -> list[Guess]:
        """Return the likeliest classes of a JPEG, at most five, the best first.

        Raises ModelUnavailable.
        """
        try:
            return self._classify(picture)
        except (LabelsError, ModelMismatch) as error:  # the model came up after the worker
            raise ModelUnavailable(str(error)) from None

    def _classify(self, picture: bytes) -> list[Guess]:
        signature, names = self._know()
        key = self._seen.key(self._model, signature.version, picture)
        ranking, failures = self._seen.look_up(key, self._breaker.key)
        fresh = ranking is None
        if ranking is None:
            ranking = self._breaker.call(
                lambda: look(self._server, self._model, signature, picture), failures
            )
        if signature.classes is None and ranking.classes is not None:
            names = match_labels(names, ranking.classes)
        guesses = _guesses(names, ranking)
        if fresh:
            self._seen.keep(key, ranking)
        return guesses


def look(server: ModelServer, model: str, signature: Signature, picture: bytes) -> Ranking:
    """Return what the model says about a JPEG; raise ModelUnavailable."""
    answer = server.predict(model, signature.name, _b64(picture))
    if signature.name == "top5":
        return rank_five(answer)
    return rank_vector(answer, signature.output, signature.classes)


def choose_signature(model: str, version: str, signatures: Mapping[str, Any]) -> Signature:
    """Return the best signature for pictures; raise ModelMismatch where there is none."""
    for name in _SIGNATURES:
        if name in signatures and _takes_a_picture(signatures[name]):
            outputs = signatures[name]["outputs"]
            return Signature(
                name=name,
                output=None if name == "top5" else _output_name(outputs),
                version=version,
                classes=_classes(name, signatures),
            )
    raise ModelMismatch(
        f"model {model} has no signature of {', '.join(_SIGNATURES)} that takes one string, the "
        f"bytes of a picture; it has: {_inputs(signatures)}. docs/own-model.md shows how to wrap it"
    )


def _takes_a_picture(signature: Mapping[str, Any]) -> bool:
    return [info["dtype"] for info in signature["inputs"].values()] == ["DT_STRING"]


def _output_name(outputs: Mapping[str, Any]) -> str | None:
    if len(outputs) == 1:
        return None
    if "probabilities" in outputs:
        return "probabilities"
    floats = [name for name, info in outputs.items() if info["dtype"] == "DT_FLOAT"]
    if len(floats) != 1:
        raise ModelMismatch(
            f"which of the outputs {', '.join(sorted(outputs))} are the probabilities? "
            "Name that one `probabilities`"
        )
    return floats[0]


def _classes(chosen: str, signatures: Mapping[str, Any]) -> int | None:
    """Return how many classes there are; `top5` does not show it, but a signature beside it may."""
    for name in _SIGNATURES[1:] if chosen == "top5" else (chosen,):
        outputs = signatures.get(name, {}).get("outputs", {})
        with contextlib.suppress(ModelMismatch):  # it is not that signature that we call
            output = _output_name(outputs) or next(iter(outputs), "")
            if length := _vector_length(outputs.get(output, {})):
                return length
    return None


def _vector_length(info: Mapping[str, Any]) -> int | None:
    sizes = [int(dim["size"]) for dim in info.get("tensor_shape", {}).get("dim", [])]
    return sizes[1] if len(sizes) == 2 and sizes[1] > 0 else None


def _inputs(signatures: Mapping[str, Any]) -> str:
    shown = [
        f"{name}({', '.join(sorted(each['inputs']))})" for name, each in sorted(signatures.items())
    ]
    return ", ".join(shown) or "none"


def _guesses(names: Mapping[int, ClassName], ranking: Ranking) -> list[Guess]:
    unknown = [number for number, _ in ranking.best if number not in names and number != BACKGROUND]
    if unknown:
        raise ModelUnavailable(
            f"the model answered class {unknown[0]}, which has no name; expected {min(names)} to "
            f"{max(names)}. Is CLASSIFIER_LABELS of this model?"
        )
    return [Guess(name=names.get(number), probability=value) for number, value in ranking.best]


def _b64(data: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(data).decode()}
