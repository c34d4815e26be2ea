"""All that we ask of a model, by TensorFlow Serving's REST API: what is it, and what about it.

Any SavedModel will do whose signature takes one string (the bytes of a picture) and gives either
`scores` and `classes` (the five best: `top5`) or a vector of probabilities.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import requests

from labels.classes import ClassName, LabelsError, match_labels
from worker.errors import ModelMismatch, ModelUnavailable

_TIMEOUT = (1.0, 8.0)  # seconds to connect, to answer: three attempts are over within 30
_SIGNATURES = ("top5", "serving_default", "predict")  # the first that the model has
_BEST = 5


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


class ModelServer:
    """One model server: TensorFlow Serving or any other of its protocol."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = requests.Session()
        self._http.trust_env = False  # no proxy stands between us and our own server

    def metadata(self, model: str) -> tuple[str, Mapping[str, Any]]:
        """Return the version being served and its signatures; raise ModelUnavailable."""
        answer = self._ask("GET", f"{model}/metadata")
        try:
            signatures = answer["metadata"]["signature_def"]["signature_def"]
            return str(answer["model_spec"]["version"]), dict(signatures)
        except (KeyError, TypeError):
            raise ModelUnavailable(f"metadata of {model} in an unknown form") from None

    def predict(self, model: str, signature: str, instance: Mapping[str, Any]) -> Any:
        """Return the one prediction for one instance; raise ModelUnavailable."""
        body = {"signature_name": signature, "instances": [instance]}
        answer = self._ask("POST", f"{model}:predict", body)
        predictions = answer.get("predictions")
        if not isinstance(predictions, list) or len(predictions) != 1:
            raise ModelUnavailable(f"{model} answered without a prediction")
        return predictions[0]

    def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        url = f"{self._url}/v1/models/{path}"
        try:
            response = self._http.request(method, url, json=body, timeout=_TIMEOUT)
            answer = response.json()
        except requests.RequestException as error:
            raise ModelUnavailable(f"no answer from {url}: {type(error).__name__}") from None
        if response.status_code != requests.codes.ok or not isinstance(answer, dict):
            said = answer.get("error") if isinstance(answer, dict) else ""
            raise ModelUnavailable(f"{url} answered HTTP {response.status_code}: {said}")
        return answer


class Classifier:
    """Says what a picture shows."""

    def __init__(self, server: ModelServer, model: str, names: Mapping[int, ClassName]) -> None:
        self._server = server
        self._model = model
        self._given = names
        self._known: tuple[Signature, Mapping[int, ClassName]] | None = None

    def signature(self) -> Signature:
        """Return how the model is called; raise ModelUnavailable, ModelMismatch or LabelsError."""
        return self._know()[0]

    def _know(self) -> tuple[Signature, Mapping[int, ClassName]]:
        """Ask the model what it is, once, and hold the class names against it."""
        if self._known is None:
            version, signatures = self._server.metadata(self._model)
            signature = choose_signature(self._model, version, signatures)
            classes = signature.classes
            names = match_labels(self._given, classes) if classes else self._given
            self._known = signature, names
        return self._known

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
        answer = self._server.predict(self._model, signature.name, _b64(picture))
        if signature.name == "top5":
            return _guesses(names, answer.get("classes"), answer.get("scores"))
        values = answer if signature.output is None else answer.get(signature.output)
        if not isinstance(values, list):
            raise ModelUnavailable(f"{self._model} gave no vector of probabilities")
        if signature.classes is None:  # the model did not say before how many there are
            names = match_labels(names, len(values))
        best = sorted(range(len(values)), key=lambda i: -_number(values[i]))[:_BEST]
        return _guesses(names, best, [values[i] for i in best])


class Answerer:
    """Answers questions about a picture: inputs `image` and `question`, output `answer`."""

    def __init__(self, server: ModelServer, model: str) -> None:
        self._server = server
        self._model = model

    def ask(self, picture: bytes, question: str) -> str | None:
        """Return the answer, or None where the model says that it cannot tell."""
        instance = {"image": _b64(picture), "question": question}
        answer = self._server.predict(self._model, "serving_default", instance)
        if isinstance(answer, dict):
            if not answer.get("in_domain", True):
                return None
            answer = answer.get("answer")
        if not isinstance(answer, str):
            raise ModelUnavailable(f"{self._model} gave no answer in words")
        return answer.strip() or None


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


def _guesses(names: Mapping[int, ClassName], numbers: object, scores: object) -> list[Guess]:
    if not isinstance(numbers, Sequence) or not isinstance(scores, Sequence):
        raise ModelUnavailable("the model's answer has no classes or no scores")
    guesses = [
        Guess(name=names.get(int(_number(number))), probability=_number(score))
        for number, score in zip(numbers, scores, strict=False)
    ]
    if not all(0 <= guess.probability <= 1.001 for guess in guesses):
        raise ModelUnavailable("the model's scores are no probabilities: is its softmax missing?")
    return guesses


def _number(value: object) -> float:
    """Return a finite number; raise ModelUnavailable, for NaN is no answer to a follower."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ModelUnavailable(f"the model answered {value!r} where a number belongs")
    return float(value)


def _b64(data: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(data).decode()}
