"""REST over a socket, rule by rule, each with its place in TensorFlow Serving.

Handler: model_servers/http_rest_api_handler.cc. Util: model_servers/http_rest_api_util.cc.
jt: util/json_tensor.cc.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from serving.flags import Flags
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig
from serving.protocol.signature import Signature, TensorInfo
from tests.serving.conftest import Fronts, serve


def post(url: str, body: object, **options: Any) -> requests.Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return requests.post(url, data=data, timeout=20, **options)


CLASSES = [[["small", 2.0], ["größer", 100.0]]]
GOOD = [
    # util:31 the three verbs, a version or a label before them
    ("half_plus_two:predict", {"instances": [1, 2.0, 5]}, {"predictions": [2.5, 3.0, 4.5]}),
    ("half_plus_two/versions/1:predict", {"inputs": [[4.0]]}, {"outputs": [[4.0]]}),
    ("half_plus_two/versions/0001:predict", {"inputs": 4.0}, {"outputs": 4.0}),
    ("half_plus_two/labels/stable:predict", {"inputs": {"x": 0.0}}, {"outputs": 2.0}),
    ("examples:classify", {"examples": [{"x": 2.0}]}, {"results": CLASSES}),
    ("examples/versions/1:classify", {"examples": [{"x": [2.0]}]}, {"results": CLASSES}),
    (
        "examples:classify",  # jt, FillClassifyRegressRequestFromJson: "context"
        {"context": {"x": 2.0}, "examples": [{}, {"c": 1.0}]},
        {"results": [*CLASSES, [["small", 2.0], ["größer", 1.0]]]},
    ),
    (
        "examples:classify",
        {"signature_name": "scores", "examples": [{"x": 2.0}]},
        {"results": [[["", 2.0], ["", 100.0]]]},
    ),
    (
        "examples:regress",  # the key is "results", whatever the documentation says
        {"signature_name": "regress", "examples": [{"x": 2.0}, {"x": 3.0}]},
        {"results": [3.0, 3.5]},
    ),
    # handler, GetInfoMap: an empty name is the default's
    ("half_plus_two:predict", {"signature_name": "", "instances": [2.0]}, {"predictions": [3.0]}),
    # predict works on a signature for classify
    (
        "examples:predict",
        {"signature_name": "scores", "instances": [{"b64": ""}]},
        {"predictions": [[0.0, 100.0]]},
    ),
    # a name is percent-decoded: DecodeArg of util
    ("half%5Fplus_two:predict", {"instances": [2.0]}, {"predictions": [3.0]}),
]


@pytest.mark.parametrize(("path", "body", "answer"), GOOD)
def test_good_request(fronts: Fronts, path: str, body: object, answer: object) -> None:
    response = post(f"{fronts.url}/{path}", body)
    assert (response.status_code, response.json()) == (200, answer)
    assert response.headers["Content-Type"] == "application/json"  # util, AddHeaders


WRONG = [
    # of a label that nobody gave: server_core.cc:891
    ("half_plus_two/labels/new:predict", {"inputs": 1}, 400, "Unrecognized servable version label"),
    # the JSON first, then the signature's type, then the model, then its signature, then the keys
    (
        "none:classify",
        b"{",
        400,
        "JSON Parse error: Missing a name for object member. at offset: 1",
    ),
    ("none:predict", {"signature_name": 1}, 400, "JSON Value: {"),
    ("none:predict", {}, 404, "Servable not found for request: Latest(none)"),
    (
        "none:classify",
        {},
        400,
        "JSON Value: {} When method is classify, key 'examples' is expected",
    ),
    ("none:regress", {"examples": [{}]}, 404, "Servable not found for request: Latest(none)"),
    (
        "half_plus_two:predict",
        {"signature_name": "x"},
        400,
        'Serving signature name: "x" not found',
    ),
    ("half_plus_two:predict", {}, 400, "Missing 'inputs' or 'instances' key"),
    (
        "half_plus_two:predict",
        {"inputs": [[1], [2, 3]]},
        400,
        "Encountered list at unexpected size",
    ),
    (
        "half_plus_two:predict",
        {"instances": [[1.0], [1.0, 2.0]]},
        400,
        "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting ten",
    ),
    (
        "examples:classify",
        {"signature_name": "x", "examples": [{}]},
        400,
        "No signature was found with the name: x",
    ),
    # an integer is no float: the graph says so
    (
        "examples:classify",
        {"examples": [{"x": 2}]},
        400,
        "Name: <unknown>, Key: x, Index: 0.  Data",
    ),
    # json_tensor.cc, MakeRowFormatJsonFromTensors
    (
        "many_types:predict",
        {"inputs": {"number": 1, "whole": 1, "flag": True, "text": "a"}, "instances": []},
        400,
        "JSON Value: {",
    ),
    # util, ParseModelInfo
    (
        "m/versions/9223372036854775808:predict",
        b"",
        400,
        "Failed to convert version: 9223372036854",
    ),
    ("m/versions/x:predict", b"", 400, "Malformed request: POST /v1/models/m/versions/x:predict"),
    # util, kPredictionApiGegex, on what evhttp_request.cc calls uri_path: path and query
    (
        "half_plus_two:predict?x=1",
        {"inputs": 1},
        400,
        "Malformed request: POST /v1/models/half_plus_two:predict?x=1",
    ),
    ("m:Predict", b"", 400, "Malformed request: POST /v1/models/m:Predict"),
    ("a%2Fb:predict", {"inputs": 1}, 404, "Servable not found for request: Latest(a/b)"),
    ("%ff:predict", {"inputs": 1}, 404, "Servable not found for request: Latest(\ufffd)"),
]


@pytest.mark.parametrize(("path", "body", "status", "text"), WRONG)
def test_wrong_request(fronts: Fronts, path: str, body: object, status: int, text: str) -> None:
    response = post(f"{fronts.url}/{path}", body)
    assert (response.status_code, response.json()["error"][: len(text)]) == (status, text)


def test_status_of_a_label_is_that_of_all_versions(fronts: Fronts) -> None:
    found = [
        requests.get(f"{fronts.url}/half_plus_two{which}", timeout=20).json()
        for which in ("", "/labels/nonsense", "/versions/1")
    ]
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [  # evhttp_request.cc, uri_path; a name may hold whatever is no / or :
        ("half_plus_two?x=1", 404, "Could not find any versions of model half_plus_two?x=1"),
        (
            "half_plus_two/versions/1?x",
            400,
            "Malformed request: GET /v1/models/half_plus_two/versions/1?x",
        ),
    ],
)
def test_query_is_a_part_of_the_path(fronts: Fronts, path: str, status: int, text: str) -> None:
    response = requests.get(f"{fronts.url}/{path}", timeout=20)
    assert (response.status_code, response.json()["error"]) == (status, text)


def test_metadata_by_label(fronts: Fronts) -> None:
    url = f"{fronts.url}/half_plus_two/labels/stable/metadata"
    assert requests.get(url, timeout=20).json()["model_spec"]["version"] == "1"


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "identity, gzip"])
def test_content_type_is_ignored_and_gzip_is_not(fronts: Fronts, encoding: str) -> None:
    body = gzip.compress(b'{"instances": [2.0]}')  # evhttp_request.cc, NeedUncompressGzipContent
    headers = {"Content-Encoding": encoding, "Content-Type": "image/png"}
    response = post(f"{fronts.url}/half_plus_two:predict", body, headers=headers)
    assert response.json() == {"predictions": [3.0]}


@pytest.mark.parametrize(
    "body",
    [b"no gzip", gzip.compress(b'{"instances": [2.0]}')[:-9]],
    ids=["something else", "cut off"],
)
def test_gzip_that_is_none(fronts: Fronts, body: bytes) -> None:
    url, headers = f"{fronts.url}/half_plus_two:predict", {"Content-Encoding": "gzip"}
    response = post(url, body, headers=headers)
    assert (response.status_code, response.json()["error"][:12]) == (400, "Request body")


@pytest.fixture(scope="module")
def small(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fronts]:
    """Small bodies, a password, and pages of other origins."""
    path = tmp_path_factory.mktemp("passwords") / "passwords"
    path.write_text("ann:secret\n")
    with serve(
        catalogue,
        max_request_bytes=2000,
        basic_auth_file=path,
        rest_api_enable_cors_support=True,
    ) as fronts:
        yield fronts


ANN = ("ann", "secret")


def test_body_above_the_limit(small: Fronts) -> None:
    url = f"{small.url}/half_plus_two:predict"
    response = post(url, b"[" * 10_000, auth=ANN)
    assert response.status_code == 413
    assert response.json()["error"] == (
        "Request body of 10,000 bytes is too large; this server takes 2,000 bytes"
    )
    assert post(url, {"instances": [2.0]}, auth=ANN).json() == {"predictions": [3.0]}


def test_gzip_that_inflates_above_the_limit(small: Fronts) -> None:
    bomb, headers = gzip.compress(b" " * 1_000_000), {"Content-Encoding": "gzip"}
    response = post(f"{small.url}/half_plus_two:predict", bomb, headers=headers, auth=ANN)
    assert response.status_code == 413


def test_other_origins_may_ask_by_flag(small: Fronts, fronts: Fronts) -> None:  # AddCORSHeaders
    answer = requests.get(f"{small.url}/half_plus_two", auth=ANN, timeout=20)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == "POST, GET"
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]
    without = requests.get(f"{fronts.url}/half_plus_two", timeout=20)
    assert "Access-Control-Allow-Origin" not in without.headers


def test_browser_asks_without_the_password_whether_it_may_ask(small: Fronts) -> None:
    url, page = f"{small.url}/half_plus_two:predict", {"Origin": "https://example.com"}
    answer = requests.options(url, headers=page, timeout=20)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Access-Control-Allow-Headers"] == "Content-Type, Authorization"
    refused = requests.get(f"{small.url}/half_plus_two", timeout=20)
    assert refused.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("auth", [None, ("ann", "wrong"), ("bob", "secret"), ("ann", "")])
def test_without_the_password_there_is_nothing(small: Fronts, auth: Any) -> None:
    root = small.url.removesuffix("/v1/models")
    for url in (f"{small.url}/half_plus_two", f"{root}/elsewhere"):
        response = requests.get(url, auth=auth, timeout=20)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"].startswith("Basic ")
        assert response.json() == {"error": "Need basic auth to request the resources"}


class Broken:
    """A model of no framework that fails as nobody thought of."""

    signatures = {  # noqa: RUF012
        "serving_default": Signature(
            inputs={"x": TensorInfo(name="x", dtype="DT_FLOAT", shape=None)},
            outputs={},
            method_name="",
        )
    }

    def run(self, *_: object) -> Any:
        raise RuntimeError("/home/someone/secret.txt")

    def close(self) -> None:
        pass


def test_model_that_throws_tells_the_log_alone(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    broken = Catalogue(lambda *_: Broken())
    broken.apply([ModelConfig(name="broken", base_path=tmp_path)])
    with serve(broken) as fronts:
        for _ in range(2):
            response = post(f"{fronts.url}/broken:predict", {"instances": [1.0]})
            assert (response.status_code, response.json()) == (
                500,
                {"error": "Internal error; see the server's log"},
            )


def test_b64_of_a_picture_comes_back(fronts: Fronts) -> None:
    text = base64.b64encode(bytes(range(256))).decode()
    body = {"inputs": {"number": 1, "whole": [1], "flag": False, "text": {"b64": text}}}
    outputs = post(f"{fronts.url}/many_types:predict", body).json()["outputs"]
    assert outputs["text_bytes"] == {"b64": text}
    assert (outputs["number"], outputs["whole"], outputs["flag"]) == (1.0, [1], False)


def test_default_limit_is_generous() -> None:
    assert Flags().max_request_bytes >= 64 * 2**20
