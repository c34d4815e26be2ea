"""Both fronts in this process, with real sockets and models, and whatever flags a test needs."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import werkzeug.serving

from launch.supervisor import free_port
from serving import grpc_server, rest
from serving.flags import Flags
from serving.lifecycle import labels
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.loading import Loader
from serving.monitoring.metrics import Metrics
from serving.monitoring.page import create_page

NAMES = ("half_plus_two", "many_types", "examples", "optional")


@pytest.fixture(scope="session")
def catalogue(models: dict[str, Path]) -> Catalogue:
    """Some of the models of tests.models, loaded; half_plus_two has a label."""
    loaded = Catalogue(Loader(Flags()), allowed=labels.Allowed.ANY)
    loaded.apply(
        [
            ModelConfig(
                name=name,
                base_path=models[name],
                labels={"stable": 1} if name == "half_plus_two" else {},
            )
            for name in NAMES
        ]
    )
    return loaded


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fronts:
    """Where to ask."""

    url: str
    channel: grpc.Channel

    def predictions(self) -> Any:
        """Return TensorFlow Serving's own client of PredictionService."""
        from tensorflow_serving.apis import prediction_service_pb2_grpc

        return prediction_service_pb2_grpc.PredictionServiceStub(self.channel)

    def models(self) -> Any:
        """Return TensorFlow Serving's own client of ModelService."""
        from tensorflow_serving.apis import model_service_pb2_grpc

        return model_service_pb2_grpc.ModelServiceStub(self.channel)

    def call(self, path: str, request: bytes) -> bytes:
        """Return the answer to these bytes, whatever they are."""
        answer: bytes = self.channel.unary_unary(path)(request, timeout=20)
        return answer


@contextlib.contextmanager
def serve(catalogue: Catalogue, metrics: Metrics | None = None, **flags: Any) -> Iterator[Fronts]:
    """Answer for the catalogue until the end; with metrics, they are at /metrics."""
    metrics = metrics or Metrics()
    chosen = Flags(port=free_port(), rest_api_host="127.0.0.1", **flags)
    page = create_page(metrics, "/metrics", rest.nothing)
    app = rest.create_app(catalogue, chosen, page, metrics)
    http = werkzeug.serving.make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    server = grpc_server.start(catalogue, chosen, metrics)
    address, options = f"127.0.0.1:{chosen.port}", [("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(address, options) as channel:
        yield Fronts(url=f"http://127.0.0.1:{http.port}/v1/models", channel=channel)
    server.stop(None).wait()
    http.shutdown()
    http.server_close()


@pytest.fixture(scope="session")
def fronts(request: pytest.FixtureRequest) -> Iterator[Fronts]:
    """Both fronts with the flags as they are by themselves, or those of a server that runs.

    TFS_REST, such as http://127.0.0.1:8501, and TFS_GRPC, such as 127.0.0.1:8500, say where;
    tests.serving.publish writes the models that it is to serve.
    """
    if "TFS_REST" not in os.environ:
        with serve(request.getfixturevalue("catalogue")) as found:
            yield found
        return
    address, options = os.environ["TFS_GRPC"], [("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(address, options) as channel:
        yield Fronts(url=f"{os.environ['TFS_REST']}/v1/models", channel=channel)
