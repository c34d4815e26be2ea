"""serving.tls: an --ssl_config_file, and who then gets in."""

from __future__ import annotations

import ssl
import threading
from pathlib import Path

import grpc
import pytest
import requests
import werkzeug.serving
from google.protobuf import text_format

from launch.supervisor import free_port
from serving import grpc_server, rest
from serving.flags import Flags
from serving.lifecycle.catalogue import Catalogue
from serving.protocol.ssl_config_pb2 import SSLConfig
from serving.tls import SslError, read_ssl_config
from tests.certificates import make_pair
from tests.serving.asking import predict_request, refusal
from tests.serving.conftest import Fronts


@pytest.fixture(scope="module")
def pair() -> tuple[str, str]:
    return make_pair("localhost")


def write(path: Path, **values: object) -> Path:
    path.write_text(text_format.MessageToString(SSLConfig(**values)))  # type: ignore[arg-type]
    return path


def test_grpc_and_rest_under_tls(
    catalogue: Catalogue, pair: tuple[str, str], tmp_path: Path
) -> None:
    path = write(tmp_path / "ssl", server_key=pair[0], server_cert=pair[1])
    trusted = tmp_path / "ca.pem"
    trusted.write_text(pair[1])
    flags = Flags(port=free_port(), rest_api_host="localhost", ssl_config_file=path)
    server = grpc_server.start(catalogue, flags)
    credentials = grpc.ssl_channel_credentials(pair[1].encode())
    with grpc.secure_channel(f"localhost:{flags.port}", credentials) as channel:
        stub = Fronts(url="", channel=channel).predictions()
        answer = stub.Predict(predict_request("half_plus_two", x=[2.0]), timeout=20)
        assert answer.outputs["y"].float_val == [3.0]
    server.stop(None).wait()

    context = read_ssl_config(path).context()
    http = werkzeug.serving.make_server(
        "localhost", 0, rest.create_app(catalogue), threaded=True, ssl_context=context
    )
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    url = f"https://localhost:{http.port}/v1/models/half_plus_two"
    assert requests.get(url, verify=str(trusted), timeout=20).status_code == 200
    http.shutdown()
    http.server_close()


def test_client_has_to_show_a_certificate_where_it_must(
    catalogue: Catalogue, pair: tuple[str, str], tmp_path: Path
) -> None:
    path = write(
        tmp_path / "ssl",
        server_key=pair[0],
        server_cert=pair[1],
        custom_ca=pair[1],
        client_verify=True,
    )
    assert read_ssl_config(path).context().verify_mode is ssl.CERT_REQUIRED
    flags = Flags(port=free_port(), rest_api_host="localhost", ssl_config_file=path)
    server, request = grpc_server.start(catalogue, flags), predict_request("half_plus_two", x=[2.0])
    nameless = grpc.ssl_channel_credentials(pair[1].encode())
    known = grpc.ssl_channel_credentials(pair[1].encode(), pair[0].encode(), pair[1].encode())
    with grpc.secure_channel(f"localhost:{flags.port}", nameless) as channel:
        refusal(Fronts(url="", channel=channel).predictions().Predict, request)
    with grpc.secure_channel(f"localhost:{flags.port}", known) as channel:
        assert Fronts(url="", channel=channel).predictions().Predict(request, timeout=20).outputs
    server.stop(None).wait()


def test_wrong_files_are_named_and_no_key_is_told(pair: tuple[str, str], tmp_path: Path) -> None:
    other = make_pair("localhost")
    for values, words in (
        ({}, "expected server_key and server_cert"),
        ({"server_key": "secret", "server_cert": pair[1]}, "not a key with its certificate"),
        ({"server_key": other[0], "server_cert": pair[1]}, "not a key with its certificate"),
    ):
        path = write(tmp_path / "ssl", **values)
        with pytest.raises(SslError, match=words) as caught:
            read_ssl_config(path)
        assert "secret" not in str(caught.value)
    (tmp_path / "text").write_text('server_key: "secret" nonsense')
    with pytest.raises(SslError, match=r"text:1:\d+: not an SSLConfig") as caught:
        read_ssl_config(tmp_path / "text")
    assert "secret" not in str(caught.value)
    with pytest.raises(SslError, match="none: cannot be read"):
        read_ssl_config(tmp_path / "none")
