"""What each server wants to be asked, and how it answers: one picture, and perhaps a question."""

from __future__ import annotations

import base64
import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

_NEAR = 1e-4  # between the same number by two servers; they may run different kernels
Answer = Mapping[str, Any]  # output -> value


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request."""

    model: str
    signature: str
    picture: bytes
    question: str | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one kind of server is spoken to."""

    path: Callable[[Ask], str]  # over HTTP; empty: gRPC
    body: Callable[[Ask], bytes]
    read: Callable[[bytes], Answer]


def _text(picture: bytes) -> str:
    return base64.b64encode(picture).decode()


def _with_question(ask: Ask, image: Any) -> dict[str, Any]:
    return {"image": image} | ({"question": ask.question} if ask.question else {})


def _row(ask: Ask) -> bytes:
    instance = _with_question(ask, {"b64": _text(ask.picture)})
    return orjson.dumps({"signature_name": ask.signature, "instances": [instance]})


def _simple(ask: Ask) -> bytes:
    picture = {"b64": base64.urlsafe_b64encode(ask.picture).decode()}
    data = {key: [value] for key, value in _with_question(ask, picture).items()}
    return orjson.dumps({"model_name": ask.model, "data": data})


def _message(ask: Ask) -> bytes:
    from serving.protocol.prediction_service_pb2 import PredictRequest
    from serving.protocol.tensor_pb2 import DataType

    request = PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = ask.model, ask.signature
    for key, value in _with_question(ask, ask.picture).items():
        tensor = request.inputs[key]
        tensor.dtype = DataType.DT_STRING
        tensor.tensor_shape.dim.add(size=1)
        tensor.string_val.append(value.encode() if isinstance(value, str) else value)
    return request.SerializeToString()


def _read_message(message: bytes) -> Answer:
    from serving.protocol.prediction_service_pb2 import PredictResponse
    from serving.protocol.tensor import to_array

    outputs = PredictResponse.FromString(message).outputs
    return {key: to_array(tensor).tolist()[0] for key, tensor in outputs.items()}


TENSORFLOW_SERVING = Dialect(
    path=lambda ask: f"/v1/models/{ask.model}:predict",
    body=_row,
    read=lambda answer: orjson.loads(answer)["predictions"][0],
)
GRPC = Dialect(path=lambda _: "", body=_message, read=_read_message)
PLAIN = Dialect(
    path=lambda ask: f"/{ask.model}",
    body=lambda ask: orjson.dumps(_with_question(ask, _text(ask.picture))),
    read=orjson.loads,
)
BENTOML = Dialect(
    path=PLAIN.path,
    body=lambda ask: orjson.dumps({"requests": [_with_question(ask, _text(ask.picture))]}),
    read=lambda answer: orjson.loads(answer)[0],
)
SIMPLE = Dialect(
    path=lambda _: "/",
    body=_simple,
    read=lambda answer: {key: value[0] for key, value in orjson.loads(answer).items()},
)


def differing(one: Answer, other: Answer, outputs: Sequence[str]) -> list[str]:
    """Return the outputs in which two answers are not the same, numbers within 0.0001."""
    return [each for each in outputs if not _same(one.get(each), other.get(each))]


def _same(one: object, other: object) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, abs_tol=_NEAR, rel_tol=0)
    return one == other
