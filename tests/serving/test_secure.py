"""`python -m serving` as a program with TLS on both fronts and a password; and without XLA."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest
import requests
from google.protobuf import text_format

import tests.models
from launch.supervisor import free_port
from serving.protocol import tensor
from serving.protocol.prediction_service_pb2 import PredictRequest, PredictResponse
from serving.protocol.ssl_config_pb2 import SSLConfig
from tests.certificates import make_pair
from tests.serving.process import serving

ANN = ("ann", "secret")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where it listens, and the certificate that it shows."""

    url: str
    trusted: Path
    channel: grpc.Channel

    def post(self, auth: tuple[str, str] | None, signature: str = "") -> requests.Response:
        body = {"instances": [1.0], "signature_name": signature}
        trusted = str(self.trusted)
        return requests.post(
            f"{self.url}:predict", json=body, auth=auth, verify=trusted, timeout=20
        )

    def call(self, pair: str) -> float:
        request = PredictRequest()
        request.model_spec.name = "compiled"
        request.inputs["x"].CopyFrom(tensor.to_proto(np.ones(1, np.float32)))
        basic = f"Basic {base64.b64encode(pair.encode()).decode()}"
        predict = self.channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        answer = predict(
            request.SerializeToString(), metadata=[("authorization", basic)], timeout=20
        )
        return float(PredictResponse.FromString(answer).outputs["y"].float_val[0])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder, port, grpc_port = tmp_path_factory.mktemp("secure"), free_port(), free_port()
    key, certificate = make_pair("localhost")
    ssl, trusted, passwords = folder / "ssl.config", folder / "ca.pem", folder / "passwords"
    ssl.write_text(text_format.MessageToString(SSLConfig(server_key=key, server_cert=certificate)))
    trusted.write_text(certificate)
    passwords.write_text(":".join(ANN))
    tests.models.compiled(folder / "model" / "1")
    flags = (
        *(f"--port={grpc_port}", f"--rest_api_port={port}", f"--ssl_config_file={ssl}"),
        *(f"--rest_api_ssl_config_file={ssl}", f"--basic_auth_file={passwords}"),
        *(f"--model_base_path={folder / 'model'}", "--model_name=compiled"),
    )
    credentials = grpc.ssl_channel_credentials(certificate.encode())
    with grpc.secure_channel(f"localhost:{grpc_port}", credentials) as channel:
        url = f"https://localhost:{port}/v1/models/compiled"
        found = Server(url=url, trusted=trusted, channel=channel)

        def ready() -> bool:
            with contextlib.suppress(requests.RequestException):
                return found.post(ANN).ok
            return False

        with serving(folder, ready, *flags):
            yield found


def test_password_lets_in_over_tls(server: Server) -> None:
    assert server.post(ANN).json() == {"predictions": [2.0]}
    assert server.call("ann:secret") == 2


@pytest.mark.parametrize("auth", [None, ("ann", "wrong")])
def test_without_the_password_rest_is_closed(server: Server, auth: tuple[str, str] | None) -> None:
    assert server.post(auth).status_code == 401


def test_without_the_password_grpc_is_closed(server: Server) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        server.call("ann:wrong")
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_without_tls_both_are_closed(server: Server) -> None:
    plain = server.url.replace("https:", "http:")
    with pytest.raises(requests.ConnectionError):
        requests.get(plain, auth=ANN, timeout=20)
    untrusting = requests.Session()
    with pytest.raises(requests.exceptions.SSLError):
        untrusting.get(server.url, auth=ANN, timeout=20)


def test_signature_that_asks_for_xla_fails_as_in_tensorflow_serving(server: Server) -> None:
    answer = server.post(ANN, "compiled")  # main.cc: DisableXlaCompilation
    assert (answer.status_code, answer.json()["error"][:24]) == (500, "XLA compilation disabled")
