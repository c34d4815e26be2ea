"""serving.simple.app: the routes, of a program that runs."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import requests

from tests.serving.simple.conftest import ENCODED, LIMIT, PAIR, SPACED, Server


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"data": {"x": [1.0, 2.0]}}, {"y": [3.0, 4.0], "z": [6.0, 8.0]}),  # the newest version
        ({"data": {"x": [1]}, "model_version": 1}, {"y": [2.0], "z": [4.0]}),
        ({"data": {"x": [1]}, "model_version": "1"}, {"y": [2.0], "z": [4.0]}),
        ({"data": {"x": [1]}, "model_version": "0001"}, {"y": [2.0], "z": [4.0]}),
        ({"data": {"x": [1]}, "model_version": None}, {"y": [3.0], "z": [6.0]}),
        ({"data": {"x": [1]}, "signature_name": "serving_default"}, {"y": [3.0], "z": [6.0]}),
        ({"data": [1]}, {"y": [3.0], "z": [6.0]}),  # of the one input
        ({"data": {"x": [1]}, "run_profile": ""}, {"y": [3.0], "z": [6.0]}),  # its own client's
        ({"data": {"x": [1]}, "preprocess": "negative"}, {"y": [1.0], "z": [2.0]}),
        ({"data": {"x": [1, 5]}, "postprocess": "first"}, {"first": [3.0]}),
        ({"data": {"x": [1, 5]}, "postprocess": "argmax"}, {"y": 1, "z": 1}),
    ],
)
def test_prediction(server: Server, body: dict[str, Any], answer: dict[str, Any]) -> None:
    assert server.predict(model_name="adder", **body) == answer
    assert server.predict(**body) == answer  # STFS_MODEL_NAME


def test_model_with_blanks_in_its_name_answers_both_protocols(server: Server) -> None:
    data = {"image_bytes": ["abc"]}
    assert server.predict(model_name=SPACED, data=data) == {"length": [3]}
    answer = server.post(f"/v1/models/{SPACED}:predict", json={"inputs": data})
    assert answer.json() == {"outputs": [3]}
    assert server.get(f"/models/{SPACED}").json()["name"] == SPACED


def test_version_of_the_slides_is_a_label_of_the_number_that_it_was_given(server: Server) -> None:
    body = {"model_name": SPACED, "data": {"image_bytes": ["abc"]}}
    assert server.predict(model_version="lx_v0.1.0", **body) == {"length": [3]}
    assert server.get(f"/models/{SPACED}").json()["labels"] == {"lx_v0.1.0": 1}
    url = f"/v1/models/{SPACED}/labels/lx_v0.1.0:predict"
    assert server.post(url, json={"inputs": ["abcd"]}).json() == {"outputs": [4]}
    (change,) = server.get(f"/models/{SPACED}/versions").json()["changes"]
    assert (change["action"], change["version"], change["by"]) == ("label", 1, "config")


def test_bytes_in_either_alphabet_of_base64(server: Server) -> None:
    picture = bytes([251, 239, 190, 255])
    standard, safe = (
        encode(picture).decode() for encode in (base64.b64encode, base64.urlsafe_b64encode)
    )
    assert standard != safe
    given = [{"b64": standard}, {"b64": safe}]
    assert server.predict(model_name=SPACED, data={"image_bytes": given}) == {"length": [4, 4]}
    decoded = {"image_bytes": [standard, safe]}
    answer = server.predict(model_name=SPACED, data=decoded, base64_decode=True)
    assert answer == {"length": [4, 4]}
    # A model that decodes by itself takes the texts as they are: that alphabet is its own.
    assert server.predict(model_name=ENCODED, data={"images": [safe]}) == {"length": [4]}


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    (
        {"model_name": "nobody"},
        404,
        f"There is no model nobody; there are: {SPACED}, {ENCODED}, {PAIR}, adder",
    ),
    ({"model_version": 9}, 404, "model adder has no version 9 that answers; there are: 2, 1"),
    ({"model_version": "v9"}, 404, "model adder has no version v9 that answers; there are: 2, 1"),
    ({"model_version": "9" * 5000}, 404, "model adder has no version 9999"),
    ({"model_version": 10**30}, 400, "model_version: expected a number or a label; found: Number"),
    ({"model_version": -1}, 404, "model adder has no version -1"),
    ({"model_version": True}, 400, "model_version: expected a number or a label; found: True"),
    ({"model_version": [1]}, 400, "model_version: expected a number or a label; found: Array"),
    ({"signature_name": "x"}, 400, 'name: "x" not found in signature def; there are: serving_def'),
    ({"data": {}}, 400, "missing: x. This signature takes: x (DT_FLOAT)"),
    ({"data": {"y": 1}}, 400, "missing: x; unknown: y. This signature takes: x (DT_FLOAT)"),
    ({"data": {"x": ["a"]}}, 400, "JSON Value: "),
    ({"data": None}, 400, "JSON Value: null"),
    ({"postprocess": "pickle"}, 400, "there is no function pickle here; registered: argmax, bro"),
    ({"preprocess": "argmax"}, 400, "there is no function argmax here; registered: negative, "),
    ({"preprocess": True}, 400, "preprocess: expected a string; found: True"),
    ({"postprocess": "picky"}, 400, "there is nothing to pick"),
    ({"postprocess": "broken"}, 500, "broken failed; see the server's log"),
    ({"base64_decode": "yes"}, 400, "base64_decode: expected true or false; found: String"),
    ({"run_profile": "true"}, 400, "run_profile is not supported; GET /statistics"),
    ({"signature": "x"}, 400, "unknown key signature; expected: data, model_name, "),
]


@pytest.mark.parametrize(("change", "status", "words"), REFUSED)
def test_wrong_body_is_refused(
    server: Server, change: dict[str, Any], status: int, words: str
) -> None:
    body = {"model_name": "adder", "data": {"x": [1.0]}, **change}
    found, said = server.refuses(server.post("/", json=body))
    assert found == status, said
    assert words in said
    assert "/home" not in said


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "JSON Parse error: The document is empty"),
        (b"[1]", 400, "Is not object"),
        (b'{"data": ', 400, "JSON Parse error: "),
        (b"\xff\xfe", 400, "JSON Parse error: "),
        (b'{"model_name": "adder"}', 400, 'the body has no "data"'),
        (b'{"model_name": "' + SPACED.encode() + b'", "data": ' + b"[" * 1000, 400, "Parse error"),
        (b" " * (LIMIT + 1), 413, f"this server takes {LIMIT:,} bytes"),
    ],
)
def test_wrong_bytes_are_refused(server: Server, body: bytes, status: int, words: str) -> None:
    headers = {"Content-Type": "application/json"}
    found, said = server.refuses(server.post("/", data=body, headers=headers))
    assert (found, words in said) == (status, True), said


def test_strings_that_are_nested_deeply_are_refused(server: Server) -> None:
    deep = b"[" * 900 + b'"a"' + b"]" * 900
    body = b'{"model_name": "%b", "data": {"image_bytes": %b}}' % (SPACED.encode(), deep)
    status, said = server.refuses(server.post("/", data=body))
    assert status == 400, said


def test_path_is_there_for_some_methods_only(server: Server) -> None:
    answer = server.post("/models")
    assert (answer.status_code, "GET" in answer.headers["Allow"]) == (405, True)
    assert "POST / asks a model, GET /models lists them, the pages are under /ui" in answer.text


@pytest.mark.parametrize("path", ["/", "/image_inference", "/ui/nothing"])
def test_what_is_not_there_is_answered_as_by_tensorflow_serving(server: Server, path: str) -> None:
    answer = server.get(path)  # / answers its POST, and browsers
    assert (answer.status_code, "<h1>Not Found</h1>" in answer.text) == (404, True)


def test_browser_that_opens_the_bare_address_is_led_to_the_page(server: Server) -> None:
    accept = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    answer = requests.get(f"{server.url}/", headers=accept, timeout=20, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/ui")


def test_what_tensorflow_serving_owns_stays_its_own(server: Server) -> None:
    assert server.get("/v1/models").status_code == 400  # http_rest_api_handler.cc


def test_health(server: Server) -> None:
    answer = server.get("/health")
    assert (answer.status_code, answer.text) == (200, "healthy")


def test_models_are_listed(server: Server) -> None:
    found = server.get("/models").json()["models"]
    assert [each["name"] for each in found] == [SPACED, "adder", ENCODED, PAIR]
    states = [(each["version"], each["state"]) for each in found[1]["versions"]]
    assert states == [(2, "AVAILABLE"), (1, "AVAILABLE")]  # all there are, as it was there


def test_one_model_is_told_with_its_signatures(server: Server) -> None:
    found = server.get("/models/adder").json()
    assert (found["version"], found["platform"]) == (2, "tensorflow")
    x = found["signatures"]["serving_default"]["inputs"]["x"]
    assert (x["dtype"], x["tensor_shape"]["dim"][0]["size"]) == ("DT_FLOAT", "-1")
    status, said = server.refuses(server.get("/models/nobody"))
    assert (status, "There is no model nobody; there are: " in said) == (404, True)


def test_request_that_it_makes_up_is_one_that_it_takes(server: Server) -> None:
    made = server.get(f"/models/{SPACED}/gen_json").json()
    assert made["model_name"] == SPACED
    assert server.predict(**made)["length"][0] > 0


def test_client_that_it_writes_is_for_this_server(server: Server) -> None:
    program = server.get("/models/adder/gen_client", params={"language": "bash"})
    assert (program.status_code, server.url in program.text) == (200, True)
    status, said = server.refuses(server.get("/models/adder/gen_client?language=cobol"))
    assert (status, "cobol" in said) == (400, True)


@pytest.mark.parametrize("what", ["gen_json", "gen_client"])
def test_nothing_is_written_for_a_model_that_is_not_there(server: Server, what: str) -> None:
    status, said = server.refuses(server.get(f"/models/nobody/{what}"))
    assert (status, "There is no model nobody; there are: " in said) == (404, True)


def test_json_needs_no_content_type(server: Server) -> None:
    body = json.dumps({"data": {"x": [1]}}).encode()
    assert server.post("/", data=body).json()["y"] == [3.0]


def test_without_a_password_versions_are_not_changed_over_http(server: Server) -> None:
    change = {"action": "offline", "version": 1}
    status, said = server.refuses(server.post("/models/adder/versions", json=change))
    assert (status, "start the server with --basic_auth_file or --enable_auth" in said) == (
        403,
        True,
    )
    assert not (server.folder / "adder" / ".versions.jsonl").exists()


def test_pages_of_other_origins_may_not_ask_unless_they_are_let(server: Server) -> None:
    answer = requests.options(server.url, headers={"Origin": "https://other.example"}, timeout=20)
    assert "Access-Control-Allow-Origin" not in answer.headers
