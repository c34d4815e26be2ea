"""`python -m bench.serving.cost`: what the model server's own work for one picture costs, by parts.

In this process, without sockets and with a model that answers at once; beside it, what the demo
classifier takes by itself, in batches. Microseconds of CPU, the best of many tries: on a busy
machine the others are what others did.
"""

from __future__ import annotations

import base64
import io
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import orjson

from bench.serving import picture as serving_picture
from bench.serving.client import INPUT, SIGNATURE
from bench.serving.trial import SMALL
from launch import programs
from serving import rest
from serving.flags import Flags
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig
from serving.monitoring.metrics import Metrics
from serving.platforms.tensorflow import SavedModel
from serving.prediction_service import PredictionService
from serving.protocol import json_answer, tensor
from serving.protocol.json_parse import parse_json
from serving.protocol.json_tensor import Array, decode_b64
from serving.protocol.prediction_service_pb2 import PredictRequest
from serving.protocol.signature import Signature, TensorInfo
from serving.protocol.tensor_pb2 import DataType

_CALLS, _TRIES = 300, 15
_BATCHES, _RUNS = (1, 4, 8, 16), 240  # pictures at a time; in all, in each try
_SCORES = np.array([[0.9, 0.0987, 1.3e-3, 2e-5, 7e-9]], np.float32)
_OUTPUTS: dict[str, Array] = {"classes": np.array([[1, 2, 3, 4, 5]], np.int32), "scores": _SCORES}


class Instant:
    """A classifier whose answer is always there."""

    signatures: Mapping[str, Signature] = {
        SIGNATURE: Signature(
            inputs={INPUT: TensorInfo(name="image:0", dtype="DT_STRING", shape=(-1,))},
            outputs={
                "classes": TensorInfo(name="classes:0", dtype="DT_INT32", shape=(-1, 5)),
                "scores": TensorInfo(name="scores:0", dtype="DT_FLOAT", shape=(-1, 5)),
            },
            method_name="tensorflow/serving/predict",
        )
    }

    def run(self, *_: object) -> dict[str, Array]:
        """Return the answer."""
        return dict(_OUTPUTS)

    def close(self) -> None:
        """There is nothing to free."""


def main() -> int:
    """Print the table."""
    picture = serving_picture.jpeg(*SMALL)
    with TemporaryDirectory() as name:
        (Path(name) / "1").mkdir()
        catalogue = Catalogue(lambda *_: Instant())
        catalogue.apply([ModelConfig(name="m", base_path=Path(name))])
        _tell("REST", _rest(catalogue, picture))
        _tell("gRPC", _grpc(catalogue, picture))
    _tell_model(SavedModel(programs.MODELS / "demo" / "1"), picture)
    return 0


Call = Callable[[], object]


def _rest(catalogue: Catalogue, picture: bytes) -> Sequence[tuple[str, Call]]:
    app = rest.create_app(catalogue, Flags(), metrics=Metrics())
    instance = {"b64": base64.b64encode(picture).decode()}
    body = orjson.dumps({"signature_name": SIGNATURE, "instances": [instance]})
    environ = {"REQUEST_METHOD": "POST", "RAW_URI": "/v1/models/m:predict"}
    environ["CONTENT_LENGTH"] = str(len(body))

    def call() -> object:
        return app({**environ, "wsgi.input": io.BytesIO(body)}, lambda *_: lambda _: None)

    return (
        ("the whole", call),
        ("base64", lambda: decode_b64(instance)),
        ("JSON in", lambda: parse_json(body)),
        ("JSON out", lambda: json_answer.format_answer(_OUTPUTS, row=True)),
    )


def _grpc(catalogue: Catalogue, picture: bytes) -> Sequence[tuple[str, Call]]:
    request = PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "m", SIGNATURE
    given = request.inputs[INPUT]
    given.dtype = DataType.DT_STRING
    given.tensor_shape.dim.add(size=1)
    given.string_val.append(picture)
    message = request.SerializeToString()
    _, predict = PredictionService(catalogue, Flags(), Metrics()).calls["Predict"]
    return (
        ("the whole", lambda: predict(PredictRequest.FromString(message)).SerializeToString()),
        ("message in", lambda: tensor.to_array(PredictRequest.FromString(message).inputs[INPUT])),
        ("tensors out", lambda: [tensor.to_proto(each) for each in _OUTPUTS.values()]),
    )


def _tell(front: str, calls: Sequence[tuple[str, Call]]) -> None:
    (_, whole), *parts = [(name, _micros(call)) for name, call in calls]
    lines = [f"{name} {micros:.0f}" for name, micros in parts]
    rest_of_it = whole - sum(micros for _, micros in parts)
    sys.stdout.write(f"{front}: {whole:.0f} µs: {', '.join(lines)}, the rest {rest_of_it:.0f}\n")


def _tell_model(model: SavedModel, picture: bytes) -> None:
    for size in _BATCHES:
        batch = {INPUT: np.array([picture] * size, object)}
        micros = _micros(lambda batch=batch: model.run(SIGNATURE, batch), _RUNS // size) / size  # type: ignore[misc]
        sys.stdout.write(f"the model, {size} at a time: {micros:,.0f} µs a picture\n")


def _micros(call: Call, calls: int = _CALLS) -> float:
    """Return the microseconds of CPU that a call takes at best."""
    tries = []
    for _ in range(_TRIES):
        began = time.process_time()
        for _ in range(calls):
            call()
        tries.append((time.process_time() - began) / calls)
    return min(tries) * 1e6


if __name__ == "__main__":
    sys.exit(main())
