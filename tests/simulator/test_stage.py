"""simulator.stage: the JSON beside the chat, with a demo and without one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask.testing
import pytest
from werkzeug.test import TestResponse

from launch.supervisor import free_port
from simulator.__main__ import create_app
from simulator.line import Line
from tests.conftest import make_settings

Client = flask.testing.FlaskClient
LOOK = {"programs": {"redis": "up", "serving": "away"}, "operating": False, "mode": "safe"}


class Demo:
    """The other end of the line: notes what it is asked."""

    def __init__(self) -> None:
        self.line = Line()
        self.asked = list[dict[str, Any]]()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while not self._stopped.is_set():
            self.line.serve(0.05, self._answer)

    def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        if question["do"] != "look":
            self.asked.append(question)
        return {**LOOK, "killed": 4711} if question["do"] == "kill" else LOOK

    def close(self) -> None:
        self._stopped.set()
        self._thread.join()
        self.line.close()


@pytest.fixture
def demo() -> Iterator[Demo]:
    demo = Demo()
    yield demo
    demo.close()


def make_client(webhook: str, line: Path | None) -> Client:
    settings = make_settings(redis_url=f"redis://127.0.0.1:{free_port()}/0")
    app = create_app(settings, address="http://127.0.0.1:1", webhook=webhook, line=line)
    return app.test_client()


@pytest.fixture
def alone(silent_webhook: str) -> Client:
    return make_client(silent_webhook, None)


@pytest.fixture
def client(silent_webhook: str, demo: Demo) -> Client:
    return make_client(silent_webhook, demo.line.path)


def follow(client: Client) -> str:
    answer = client.post("/chat/follow").json
    assert answer is not None
    return str(answer["follower"])


def events(client: Client, kind: str) -> list[dict[str, Any]]:
    answer = client.get("/chat/events").json
    assert answer is not None
    return [event for event in answer["events"] if event["kind"] == kind]


def state(client: Client) -> dict[str, Any]:
    answer = client.get("/demo/state").json
    assert answer is not None
    return dict(answer)


def act(client: Client, fault: str, on: str = "1") -> TestResponse:
    form = {"follower": follow(client), "on": on}
    return client.post(f"/demo/faults/{fault}", data=form)


def test_without_a_demo_nothing_is_known_of_programs(alone: Client) -> None:
    seen = state(alone)
    assert (seen["demo"], seen["programs"], seen["mode"]) == (False, {}, "safe")
    assert seen["ledger"]["lost"] == 0


@pytest.mark.parametrize("fault", ["worker", "serving", "redis"])
def test_without_a_demo_no_program_is_broken(alone: Client, fault: str) -> None:
    answer = act(alone, fault)
    said = "no demo owns the programs here; only `make demo` does that"
    assert (answer.status_code, answer.json) == (503, {"errmsg": said})


def test_demo_that_has_ended_is_an_error_in_words(silent_webhook: str, tmp_path: Path) -> None:
    answer = act(make_client(silent_webhook, tmp_path / "gone"), "redis")
    assert (answer.status_code, answer.json) == (
        503,
        {"errmsg": "the demo does not answer: FileNotFoundError"},
    )


def test_lost_program_is_shown_and_asked_for(demo: Demo, client: Client) -> None:
    assert act(client, "serving").status_code == 200
    assert act(client, "serving", on="0").status_code == 200
    lost = {"do": "lose", "program": "serving"}
    assert demo.asked == [lost, {"do": "return", "program": "serving"}]
    assert state(client)["active"]["serving"]
    assert len([push for push in events(client, "push") if push["picture"]]) == 1


def test_killed_worker_is_named(demo: Demo, client: Client) -> None:
    act(client, "worker")
    assert demo.asked == [{"do": "kill"}]
    assert [(each["fault"], each["pid"]) for each in events(client, "fault")] == [("worker", 4711)]
    assert len([push for push in events(client, "push") if push["picture"]]) == 6


def test_slow_wechat_goes_and_comes(alone: Client) -> None:
    act(alone, "slow")
    assert state(alone)["active"]["slow"]
    act(alone, "slow", on="0")
    assert not state(alone)["active"]["slow"]


def test_quota_is_used_up_and_renewed_by_an_operator(demo: Demo, client: Client) -> None:
    act(client, "quota")
    assert state(client)["active"]["quota"]
    act(client, "quota", on="0")
    assert not state(client)["active"]["quota"]
    assert demo.asked == [{"do": "lift"}]


def test_nine_pictures_are_sent_at_once(alone: Client) -> None:
    act(alone, "nine")
    assert len([push for push in events(alone, "push") if push["picture"]]) == 9


def test_mode_changes_on_both_sides(demo: Demo, client: Client) -> None:
    assert client.post("/demo/account", data={"mode": "plain"}).status_code == 200
    assert demo.asked == [{"do": "mode", "mode": "plain"}]


def test_account_is_verified_or_not(alone: Client) -> None:
    alone.post("/demo/account", data={"verified": "0"})
    assert not state(alone)["verified"]
    alone.post("/demo/account", data={"verified": "1"})
    assert state(alone)["verified"]


@pytest.mark.parametrize(
    ("path", "form", "said"),
    [
        ("/demo/faults/unicorn", {}, "'unicorn' is no fault; expected one of thrice, "),
        ("/demo/account", {"mode": "loud"}, "mode='loud'; expected one of plain, compatible, safe"),
        ("/demo/account", {"verified": "maybe"}, "verified='maybe'; expected 0 or 1"),
    ],
)
def test_wrong_order_is_refused(alone: Client, path: str, form: dict[str, str], said: str) -> None:
    answer = alone.post(path, data=form)
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["errmsg"].startswith(said)


def test_stranger_breaks_nothing(alone: Client) -> None:
    answer = alone.post("/demo/faults/slow", data={"follower": "nobody"})
    assert answer.status_code == 404
    assert not state(alone)["active"]["slow"]


@pytest.mark.parametrize("push", ["", "x", "-1", "1.5", "99", "9" * 30])
def test_story_of_nothing_is_refused(alone: Client, push: str) -> None:
    assert alone.get("/demo/story", query_string={"push": push}).status_code == 400


def test_story_of_a_follow_is_told(alone: Client) -> None:
    follow(alone)
    story = alone.get("/demo/story", query_string={"push": "0"}).json
    assert story is not None
    assert story["push"]["type"] == "subscribe"
