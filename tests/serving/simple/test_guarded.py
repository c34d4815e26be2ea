"""Basic auth, TLS, CORS, and versions changed over HTTP, of a program that runs."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from serving.lifecycle import record
from tests.conftest import until
from tests.serving.simple.conftest import ADMIN, Server, publish

PATHS = ("/", "/health", "/models", "/models/adder", "/statistics", "/ui", "/v1/models/adder")
VERSIONS = "/models/adder/versions"


@pytest.fixture
def adder(guarded: Server) -> Iterator[Server]:
    """The server, whose model is as it was at the start; nothing decided."""
    place = guarded.folder / "adder" / record.NAME
    place.unlink(missing_ok=True)
    until(lambda: states(guarded) == {3: "AVAILABLE"})
    yield guarded
    place.unlink(missing_ok=True)


def states(server: Server) -> dict[int, str]:
    """Return the state of each version that is not gone."""
    found = server.get("/models/adder").json()["versions"]
    return {each["version"]: each["state"] for each in found if each["state"] != "END"}


def change(server: Server, action: str, version: int | str = "") -> Any:
    body = {"action": action, "version": version}
    answer = server.post(VERSIONS, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("auth", [None, ("admin", "admin"), ("admin", ""), ("", "open sesame")])
def test_without_the_password_nothing_is_told(
    guarded: Server, path: str, auth: tuple[str, str] | None
) -> None:
    answer = guarded.get(path, auth=auth)
    assert answer.status_code == 401
    assert answer.json() == {"error": "Need basic auth to request the resources"}
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")


def test_with_the_password_it_answers(guarded: Server) -> None:
    assert guarded.predict(model_version=3, data={"x": [1.0]})["y"] == [4.0]
    assert guarded.get("/health").text == "healthy"


def test_without_tls_it_does_not_answer(guarded: Server) -> None:
    plain = guarded.url.replace("https:", "http:")
    with pytest.raises(requests.ConnectionError):
        requests.get(plain, auth=ADMIN, timeout=20)


def test_browser_may_ask_before_it_posts(guarded: Server) -> None:
    headers = {
        "Origin": "https://other.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    answer = requests.options(guarded.url, headers=headers, verify=guarded.trusted, timeout=20)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Headers"] == "Content-Type, Authorization"
    # With any origin allowed, browsers send no password that they keep: only one that a page has.
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_answers_may_be_read_by_other_pages(guarded: Server) -> None:
    answer = guarded.post("/", json={"data": {"x": [1]}}, headers={"Origin": "https://a.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    refused = guarded.post("/", json={}, auth=None)
    assert refused.headers["Access-Control-Allow-Origin"] == "*"


def test_version_is_put_online_and_offline(adder: Server) -> None:
    found = change(adder, "online", 1)
    assert states(adder) == {3: "AVAILABLE", 1: "AVAILABLE"}
    assert found["change"]["by"] == "HTTP, admin"
    assert adder.predict(model_version=1, data={"x": [0]})["y"] == [1.0]
    change(adder, "offline", "1")
    assert states(adder) == {3: "AVAILABLE"}
    answer = adder.post("/", json={"model_version": 1, "data": {"x": [0]}})
    assert answer.json()["error"] == "model adder has no version 1 that answers; there are: 3"


def test_rollback_pins_the_version_before_and_unpin_goes_on(adder: Server) -> None:
    change(adder, "rollback")
    assert adder.predict(data={"x": [0]})["y"] == [2.0]
    assert adder.get(VERSIONS).json()["pinned"] == 2
    change(adder, "rollback")
    assert adder.predict(data={"x": [0]})["y"] == [1.0]
    change(adder, "unpin")
    assert adder.predict(data={"x": [0]})["y"] == [3.0]


def test_each_change_is_kept_and_told(adder: Server) -> None:
    change(adder, "pin", 2)
    change(adder, "unpin")
    found = adder.get(VERSIONS).json()
    assert [(each["action"], each["version"]) for each in found["changes"]] == [
        ("pin", 2),
        ("unpin", None),
    ]
    assert (found["on_disk"], found["offline"], found["pinned"]) == ([1, 2, 3], [], None)
    assert len(record.read(adder.folder / "adder")) == 2


def test_version_comes_and_goes_with_its_folder(adder: Server) -> None:
    publish(adder.folder / "made", 4)
    (adder.folder / "made" / "4").rename(adder.folder / "adder" / "4")
    until(lambda: states(adder) == {4: "AVAILABLE"})
    (adder.folder / "adder" / "4").rename(adder.folder / "made" / "gone")
    until(lambda: states(adder) == {3: "AVAILABLE"})


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        ({"json": {"action": "pin", "version": 2}, "auth": None}, 401, "Need basic auth"),
        ({"data": '{"action": "pin", "version": 2}'}, 400, "expected Content-Type: application/js"),
        (
            {
                "data": '{"action": "pin", "version": 2}',
                "headers": {"Content-Type": "text/plain;application/json"},
            },
            400,
            "expected Content-Type: application/json",
        ),
        ({"data": {"action": "pin", "version": "2"}}, 400, "expected Content-Type"),  # a form's
        ({"json": {"action": ["pin"]}}, 400, 'expected {"action": "online|offline|pin|unpin|'),
        ({"json": {"action": "pin", "version": True}}, 400, 'expected {"action": "online|off'),
        ({"json": {"action": "pin"}}, 400, "pin needs a version"),
        ({"json": {"action": "delete", "version": 1}}, 400, "unknown action delete; expected: "),
        ({"json": {"action": "pin", "version": 9}}, 404, "has no version 9; there are: 1, 2, 3"),
        ({"json": {"action": "pin", "version": "9" * 5000}}, 404, "has no version 999"),
        ({"json": {"action": "pin", "version": "../2"}}, 404, "has no version ../2; there are"),
        ({"json": {"action": "unpin"}}, 400, "no version is pinned"),
    ],
)
def test_change_that_may_not_be_is_refused(
    adder: Server, options: dict[str, Any], status: int, words: str
) -> None:
    answer = adder.post(VERSIONS, **options)
    assert (answer.status_code, words in answer.json()["error"]) == (status, True), answer.text
    assert record.read(adder.folder / "adder") == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_no_other_method_changes_anything(adder: Server, method: str) -> None:
    url = f"{adder.url}{VERSIONS}?action=pin&version=2"
    body = {"action": "pin", "version": 2}
    requests.request(method, url, json=body, auth=ADMIN, verify=adder.trusted, timeout=20)
    assert record.read(adder.folder / "adder") == []


def test_record_that_cannot_be_read_leaves_the_model_and_names_no_folder(adder: Server) -> None:
    (adder.folder / "adder" / record.NAME).write_text("nonsense\n")
    answer = adder.post(VERSIONS, json={"action": "pin", "version": 2})
    assert answer.status_code == 400
    assert "…/.versions.jsonl:1: expected one change in JSON" in answer.json()["error"]
    assert str(adder.folder) not in answer.text
    assert adder.predict(data={"x": [0]})["y"] == [3.0]


def test_user_who_is_written_down_may_have_any_name(guarded: Server) -> None:
    pair = base64.b64encode("不是:open sesame".encode()).decode()
    headers = {"Authorization": f"Basic {pair}"}
    assert guarded.get("/models", auth=None, headers=headers).status_code == 401
