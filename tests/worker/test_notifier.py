"""worker.notifier: a real receiver is told, in its own form, and its key is seen nowhere."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from launch.supervisor import free_port
from tests.conftest import APP_ID
from tests.worker.odd_server import OddServer, answer, running, says
from worker.notification_log import OwnLog
from worker.notifier import Notifier

KEY = "the-key-that-nobody-may-see"
FOUND = {"redis_nearly_full": "Redis uses 81%. What to do: raise maxmemory."}


@pytest.fixture
def receiver() -> Iterator[OddServer]:
    with running(says({"errcode": 0, "errmsg": "ok"})) as server:
        yield server


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not found any more is over at once."""
    monkeypatch.setattr("worker.notifier._CALM", 0)


def notifier(server: OddServer) -> Notifier:
    return Notifier(f"{server.url}/hook?key={KEY}", APP_ID)


def told(server: OddServer) -> list[tuple[str, str]]:
    """Return what was told: alert and state, in order."""
    notices = [json.loads(body) for body in server.bodies]
    return [(each["alert"], each["state"]) for each in notices]


def test_any_program_can_read_it(receiver: OddServer) -> None:
    notifier(receiver).notify(FOUND, OwnLog())
    (body,) = receiver.bodies
    notice = json.loads(body)
    since = notice.pop("since")
    assert notice == {
        "product": "kantu",
        "account": APP_ID,
        "alert": "redis_nearly_full",
        "state": "firing",
        "text": FOUND["redis_nearly_full"],
    }
    assert since.endswith("+08:00")
    assert receiver.paths == [f"/hook?key={KEY}"]


def test_group_robot_of_wecom_is_told_in_its_own_form(
    receiver: OddServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.notifier._WECOM", "127.0.0.1")
    notifier(receiver).notify(FOUND, OwnLog())
    message = json.loads(receiver.bodies[0])
    assert message["msgtype"] == "text"
    assert set(message) == {"msgtype", "text"}
    first, second, _ = message["text"]["content"].splitlines()
    assert first == f"Kantu {APP_ID}: redis_nearly_full firing"
    assert second == FOUND["redis_nearly_full"]


@pytest.mark.usefixtures("at_once")
def test_it_is_told_when_it_begins_and_when_it_is_over(receiver: OddServer) -> None:
    log = OwnLog()
    for found in (FOUND, FOUND, FOUND, {}, {}, FOUND):
        notifier(receiver).notify(found, log)
    assert told(receiver) == [
        ("redis_nearly_full", "firing"),
        ("redis_nearly_full", "resolved"),
        ("redis_nearly_full", "firing"),
    ]


def test_what_comes_and_goes_is_not_over(receiver: OddServer) -> None:
    log = OwnLog()
    for found in (FOUND, {}, FOUND, {}):
        notifier(receiver).notify(found, log)
    assert told(receiver) == [("redis_nearly_full", "firing")]


def test_it_is_repeated_while_it_lasts(
    receiver: OddServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.notifier._EVERY", 0)
    log = OwnLog()
    notifier(receiver).notify(FOUND, log)
    notifier(receiver).notify(FOUND, log)
    first, second = (json.loads(body) for body in receiver.bodies)
    assert first["since"] == second["since"]


@pytest.mark.parametrize(
    ("status", "body", "headers", "wecom", "said"),
    [
        (500, b"", {}, False, "HTTP 500"),
        (302, b"", {"Location": "/elsewhere"}, False, "HTTP 302"),
        (200, b'{"errcode": 93000}', {}, True, "errcode 93000"),
        (200, b"<html>", {}, True, "no JSON"),
        (200, b"[]", {}, True, "errcode None"),
    ],
)
def test_word_that_did_not_arrive_is_sent_again(
    status: int,
    body: bytes,
    headers: dict[str, str],
    wecom: bool,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("worker.notifier._AGAIN", 0)
    monkeypatch.setattr("worker.notifier._WECOM", "127.0.0.1" if wecom else "")
    log = OwnLog()
    with running(answer(status, body, headers=headers)) as server:
        notifier(server).notify(FOUND, log)
        notifier(server).notify(FOUND, log)
    assert server.paths == [f"/hook?key={KEY}"] * 2
    assert said in caplog.text
    assert KEY not in caplog.text


def test_receiver_that_is_away_is_named_without_its_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    Notifier(f"http://127.0.0.1:{free_port()}/hook?key={KEY}", APP_ID).notify(FOUND, OwnLog())
    assert "does not take redis_nearly_full (firing): ConnectionError" in caplog.text
    assert KEY not in caplog.text
