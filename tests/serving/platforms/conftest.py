"""Models of other frameworks behind real sockets: /v1, gRPC and POST / in this process."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import requests
import werkzeug.serving
from sklearn.datasets import load_iris

from launch.supervisor import free_port
from serving import grpc_server, rest
from serving.flags import Flags
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.loading import Loader
from serving.monitoring.metrics import Metrics
from serving.monitoring.page import create_page
from serving.protocol import tensor
from serving.protocol.json_tensor import Array
from serving.protocol.tensor_pb2 import TensorProto
from serving.servable import Servable
from serving.simple.app import create_app
from tests.serving.asking import predict_request

FLOWERS: Array = load_iris().data[::50]  # one of each species, float64 [3, 4]
SPECIES = [b"setosa", b"versicolor", b"virginica"]


def load(folder: Path, version: int = 1, platform: str = "auto", **flags: Any) -> Servable:
    """Return the model of a version, as the server loads it."""
    config = ModelConfig(name="m", base_path=folder, platform=platform)
    return Loader(Flags(**flags))(config, folder / str(version))


def columns(flowers: Array = FLOWERS) -> dict[str, Array]:
    """Return the flowers by the names of what was measured, [batch] each."""
    return {name: flowers[:, index] for index, name in enumerate(load_iris().feature_names)}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that runs."""

    url: str  # of the HTTP port
    channel: grpc.Channel

    def predict(self, name: str, inputs: Mapping[str, Array], signature: str = "") -> Any:
        """Return what REST answers in columns; one output comes without its name."""
        body = {
            "inputs": {key: _listed(each) for key, each in inputs.items()},
            "signature_name": signature or "serving_default",
        }
        found = requests.post(f"{self.url}/v1/models/{name}:predict", json=body, timeout=30)
        assert found.ok, found.text
        return found.json()["outputs"]

    def simple(self, name: str, data: Any, **more: Any) -> dict[str, Any]:
        """Return what POST / answers."""
        body = {"model_name": name, "data": data, **more}
        found = requests.post(self.url, json=body, timeout=30)
        assert found.ok, found.text
        answer: dict[str, Any] = found.json()
        return answer

    def grpc(self, name: str, inputs: Mapping[str, Array], signature: str = "") -> dict[str, Array]:
        """Return what gRPC answers to TensorFlow Serving's own client."""
        from tensorflow_serving.apis import prediction_service_pb2_grpc

        stub = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)
        answer = stub.Predict(predict_request(name, signature, **inputs), timeout=30)
        return {
            key: tensor.to_array(TensorProto.FromString(each.SerializeToString()))
            for key, each in answer.outputs.items()
        }

    def metadata(self, name: str) -> dict[str, Any]:
        """Return the default signature as REST prints it."""
        found = requests.get(f"{self.url}/v1/models/{name}/metadata", timeout=10).json()
        signature: dict[str, Any] = found["metadata"]["signature_def"]["signature_def"]
        return signature

    def status(self, name: str) -> list[tuple[str, str, str]]:
        """Return version, state and error of each version."""
        found = requests.get(f"{self.url}/v1/models/{name}", timeout=10).json()
        return [
            (each["version"], each["state"], each["status"]["error_message"])
            for each in found["model_version_status"]
        ]


def _listed(array: Array) -> Any:
    return json.loads(json.dumps(array.tolist(), default=lambda each: each.decode()))


@contextlib.contextmanager
def serve(folder: Path, **flags: Any) -> Iterator[tuple[Server, Catalogue]]:
    """Serve each folder in it as a model, with its platform told by its files."""
    chosen = Flags(port=free_port(), rest_api_host="127.0.0.1", **flags)
    metrics = Metrics()
    catalogue = Catalogue(Loader(chosen, metrics))
    catalogue.apply(
        [ModelConfig(name=each.name, base_path=each, platform="auto") for each in folder.iterdir()]
    )
    outside = create_page(metrics, "/metrics", create_app(catalogue, chosen, metrics))
    app = rest.create_app(catalogue, chosen, outside, metrics)
    http = werkzeug.serving.make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    server = grpc_server.start(catalogue, chosen, metrics)
    with grpc.insecure_channel(f"127.0.0.1:{chosen.port}") as channel:
        yield Server(url=f"http://127.0.0.1:{http.port}", channel=channel), catalogue
    server.stop(None).wait()
    http.shutdown()
    http.server_close()
    catalogue.apply([])


def close_to(found: Any, wanted: Any) -> bool:
    """Return whether numbers are the same as far as float32 can tell."""
    return np.shape(found) == np.shape(wanted) and np.allclose(found, wanted, atol=1e-5)
