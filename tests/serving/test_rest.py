"""`python -m serving` as a program, asked by plain HTTP."""

from __future__ import annotations

import base64
import http.client
import json
from typing import Any

import pytest
import requests


def post(url: str, path: str, body: object) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return requests.post(f"{url}/v1/models/{path}", data=data, timeout=20)


def test_classic_example(serving_url: str) -> None:
    response = post(serving_url, "half_plus_two:predict", {"instances": [1.0, 2.0, 5.0]})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.json() == {"predictions": [2.5, 3.0, 4.5]}


def test_column_form_and_versions(serving_url: str) -> None:
    response = post(serving_url, "half_plus_two/versions/1:predict", {"inputs": {"x": [[4.0]]}})
    assert response.json() == {"outputs": [[4.0]]}


def test_picture_goes_in_as_base64(serving_url: str, samples: dict[str, bytes]) -> None:
    picture = {"b64": base64.b64encode(samples["1-digit-3"]).decode()}
    (prediction,) = post(serving_url, "demo:predict", {"instances": [picture]}).json()[
        "predictions"
    ]
    assert len(prediction["probabilities"]) == 12
    assert prediction["classes"] == 3


def test_every_type_goes_in_and_out(serving_url: str) -> None:
    instance = {"number": 0.1, "whole": 2**40, "flag": True, "text": "你好"}
    response = post(serving_url, "many_types:predict", {"instances": [instance]})
    encoded = base64.b64encode("你好".encode()).decode()
    assert response.json() == {"predictions": [{**instance, "text_bytes": {"b64": encoded}}]}


def test_status(serving_url: str) -> None:
    response = requests.get(f"{serving_url}/v1/models/half_plus_two", timeout=5)
    assert response.json() == {
        "model_version_status": [
            {
                "version": "1",
                "state": "AVAILABLE",
                "status": {"error_code": "OK", "error_message": ""},
            }
        ]
    }


def test_metadata(serving_url: str) -> None:
    answer = requests.get(f"{serving_url}/v1/models/half_plus_two/metadata", timeout=5).json()
    assert answer["model_spec"] == {"name": "half_plus_two", "signature_name": "", "version": "1"}
    signature = answer["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["inputs"]["x"] == {
        "dtype": "DT_FLOAT",
        "tensor_shape": {
            "dim": [{"size": "-1", "name": ""}, {"size": "1", "name": ""}],
            "unknown_rank": False,
        },
        "name": "x:0",
    }
    assert signature["method_name"] == "tensorflow/serving/predict"


def test_metadata_shows_the_init_op_as_tensorflow_serving_does_and_it_cannot_be_called(
    serving_url: str,
) -> None:
    answer = requests.get(f"{serving_url}/v1/models/many_types/metadata", timeout=5).json()
    init_op = answer["metadata"]["signature_def"]["signature_def"]["__saved_model_init_op"]
    (output,) = init_op["outputs"].values()
    assert output["dtype"] == "DT_INVALID"
    assert output["tensor_shape"] == {"dim": [], "unknown_rank": True}
    body = {"signature_name": "__saved_model_init_op", "inputs": {}}
    response = post(serving_url, "many_types:predict", body)
    assert response.status_code == 400
    assert response.json()["error"] == (
        "Failed to get input map for signature: __saved_model_init_op"
    )


def test_path_may_be_in_capitals_but_not_the_name_nor_the_verb(serving_url: str) -> None:
    path = "/V1/Models/half_plus_two/VERSIONS/1"
    assert requests.get(serving_url + path, timeout=5).status_code == 200
    body = {"instances": [2.0]}
    called = requests.post(f"{serving_url}{path}:predict", json=body, timeout=5)
    assert called.json() == {"predictions": [3.0]}
    loud = requests.post(f"{serving_url}{path}:PREDICT", json=body, timeout=5)
    assert (loud.status_code, loud.json()["error"][:17]) == (400, "Malformed request")
    assert requests.get(f"{serving_url}/v1/models/Half_Plus_Two", timeout=5).status_code == 404
    status = requests.get(f"{serving_url}{path}/METADATA", timeout=5)
    assert "model_version_status" in status.json()


def test_body_no_array_can_be_made_of_is_the_client_s_mistake(serving_url: str) -> None:
    deep = b'{"inputs": ' + b"[" * 70 + b"1" + b"]" * 70 + b"}"
    assert post(serving_url, "half_plus_two:predict", deep).status_code == 400
    half = b'{"signature_name": "\\ud800", "inputs": 1}'
    response = post(serving_url, "half_plus_two:predict", half)
    assert response.status_code == 400
    assert response.json()["error"].startswith("JSON Parse error: ")


def test_options_are_answered_to_a_page_only(serving_url: str) -> None:
    url = f"{serving_url}/v1/models/demo"
    page = {"Origin": "http://example.com"}
    assert requests.options(url, headers=page, timeout=5).status_code == 200
    assert requests.options(url, timeout=5).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/v1/models/none", 404, "Could not find any versions of model none"),
        ("GET", "/v1/models/demo/versions/9", 404, "Could not find version 9 of model demo"),
        ("GET", "/v1/models/none/metadata", 404, "Servable not found for request: Latest(none)"),
        ("GET", "/v1/models", 400, "Missing model name in request."),
        ("GET", "/v1/models/versions/1", 400, "Missing model name in request."),
        ("GET", "/v1/", 400, "Malformed request: GET /v1/"),
        ("GET", "/v1/nothing", 400, "Malformed request: GET /v1/nothing"),
        ("GET", "/v1//models/demo", 400, "Malformed request: GET /v1//models/demo"),
        ("GET", "/v1/models/demo/", 400, "Malformed request: GET /v1/models/demo/"),
        ("TRACE", "/v1/models/demo", 400, "Malformed request: TRACE /v1/models/demo"),
        ("DELETE", "/v1/models/demo", 400, "Malformed request: DELETE /v1/models/demo"),
        ("GET", "/v1/models/demo:predict", 400, "Malformed request: GET /v1/models/demo:predict"),
        ("POST", "/v1/models/demo:explain", 400, "Malformed request: POST"),
        ("GET", f"/v1/models/demo/versions/{2**63}", 400, "Failed to convert version: "),
    ],
)
def test_wrong_request_gets_tensorflow_serving_s_words(
    serving_url: str, method: str, path: str, status: int, message: str
) -> None:
    response = requests.request(method, serving_url + path, timeout=5, allow_redirects=False)
    assert response.status_code == status
    assert response.json()["error"].startswith(message)


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("none:predict", b"{", 400, "JSON Parse error"),  # before the model is looked up
        ("none:predict", {"inputs": 1}, 404, "Servable not found for request: Latest(none)"),
        (
            "demo/versions/7:predict",
            {"inputs": 1},
            404,
            "Servable not found for request: Specific(demo, 7)",
        ),
        (
            "demo:predict",
            {"signature_name": "x", "inputs": 1},
            400,
            'Serving signature name: "x" not found in signature def',
        ),
        (
            "half_plus_two:predict",
            {"instances": [1.0, "a"]},
            400,
            "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: JSON Value",
        ),
    ],
)
def test_wrong_predict_gets_tensorflow_serving_s_words(
    serving_url: str, path: str, body: object, status: int, message: str
) -> None:
    response = post(serving_url, path, body)
    assert response.status_code == status
    assert response.json()["error"].startswith(message)


def test_bytes_that_are_no_picture_are_the_client_s_mistake(serving_url: str) -> None:
    response = post(serving_url, "demo:predict", {"instances": [{"b64": "aGVsbG8="}]})
    assert response.status_code == 400
    assert "error" in response.json()


# Not "/": that is Simple TensorFlow Serving's, which answers that one has to POST there.
@pytest.mark.parametrize("path", ["/elsewhere", "/v1", "/a//b", "//v1/models/demo"])
def test_outside_v1_there_is_nothing_nor_a_way_elsewhere(serving_url: str, path: str) -> None:
    connection = http.client.HTTPConnection(serving_url.removeprefix("http://"), timeout=5)
    connection.request("GET", path)  # requests would mend the path
    assert connection.getresponse().status == 404
    connection.close()


def test_absolute_url_is_its_path(serving_url: str) -> None:  # evhttp_uri_get_path
    connection = http.client.HTTPConnection(serving_url.removeprefix("http://"), timeout=5)
    connection.request("GET", "http://models.example/v1/models/demo")  # as to a proxy
    answer = json.loads(connection.getresponse().read())
    connection.close()
    assert answer["model_version_status"][0]["state"] == "AVAILABLE"


def test_calls_at_once_are_all_answered(serving_url: str, samples: dict[str, bytes]) -> None:
    import concurrent.futures

    picture = {"instances": [{"b64": base64.b64encode(samples["1-digit-3"]).decode()}]}
    with concurrent.futures.ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: post(serving_url, "demo:predict", picture), range(64)))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["predictions"][0]["classes"] for answer in answers} == {3}
