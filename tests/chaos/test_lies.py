"""WeChat, Redis and the model server answer what they should not."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from labels import phrase
from launch import programs
from launch.supervisor import free_port
from simulator.errors import ApiError
from tests.chaos.arena import Arena
from tests.chaos.test_killed import assert_answered_once
from tests.conftest import until

NONSENSE: dict[str, Any] = {
    "500": 500,
    "429": 429,
    "HTML": b"<html>it works</html>",
    "NaN": b'{"predictions": [{"scores": [NaN, 0, 0, 0, 0], "classes": [3, 1, 2, 4, 5]}]}',
    "no list": {"predictions": [{"scores": 1, "classes": 3}]},
    "nothing": {"predictions": []},
    "logits": {"predictions": [{"scores": [9, 1, 1, 1, 1], "classes": [3, 1, 2, 4, 5]}]},
}


def test_three_deliveries_at_once_are_answered_once(arena: Arena) -> None:
    openids = arena.send(5, copies=3)
    arena.wait_for_answers(openids)
    assert arena.settle() == {"sent": 5}
    time.sleep(1)
    assert_answered_once(arena, openids)


@pytest.mark.chaos
@pytest.mark.parametrize("kind", NONSENSE)
def test_nonsense_of_the_model_never_reaches_a_follower(arena: Arena, kind: str) -> None:
    arena.models.behave = lambda: NONSENSE[kind]
    openids = arena.send(2)
    assert arena.wait_for_answers(openids) < 30
    assert [arena.read(openid) for openid in openids] == [[phrase("zh", "apology")]] * 2
    assert arena.settle() == {"apologised": 2}


@pytest.mark.chaos
def test_model_server_that_never_answers_brings_apologies_in_time(arena: Arena) -> None:
    arena.models.behave = lambda: time.sleep(60)
    openids = arena.send(40)
    assert arena.wait_for_answers(openids) < 45
    assert arena.settle() == {"apologised": 40}


@pytest.mark.chaos
def test_model_that_is_missing_is_loaded_later(
    arena: Arena, tmp_path: Path, samples: dict[str, bytes]
) -> None:
    url, base = f"http://127.0.0.1:{(port := free_port())}", tmp_path / "models" / "demo"
    base.mkdir(parents=True)
    config = tmp_path / "models.config"
    config.write_text(programs.model_config({"demo": base}))
    server = programs.model_server(port, config, "demo", tmp_path / "serving.log")
    server.start()
    try:
        until(lambda: listens(url))
        arena.worker.end()
        arena.worker.environment = arena.environment | {"SERVING_URL": url}
        arena.worker.start()
        early = arena.send(2, picture=samples["1-digit-3"])
        arena.wait_for_answers(early)
        assert [arena.read(each) for each in early] == [[phrase("zh", "apology")]] * 2
        shutil.copytree(programs.MODELS / "demo", base, dirs_exist_ok=True)
        until(server.ready)
        later = arena.send(2, picture=samples["1-digit-3"])
        arena.wait_for_answers(later)
        assert_answered_once(arena, later)
        assert arena.settle() == {"apologised": 2, "sent": 2}
    finally:
        server.end()


def listens(url: str) -> bool:
    """Return whether an HTTP server is there, whatever it says."""
    try:
        return bool(requests.get(url, timeout=1).status_code)
    except requests.RequestException:
        return False


@pytest.mark.chaos
def test_busy_wechat_is_asked_again(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    receive, refusals = arena.account.receive_text, iter([-1, -1])

    def busy(openid: object, text: object) -> None:
        if code := next(refusals, 0):
            raise ApiError(code)
        receive(openid, text)

    monkeypatch.setattr(arena.account, "receive_text", busy)
    openids = arena.send(1)
    arena.wait_for_answers(openids)
    assert arena.settle() == {"sent": 1}
    assert arena.models.asked == 1


@pytest.mark.chaos
def test_wechat_that_takes_a_message_and_says_nothing(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive = arena.account.receive_text

    def swallow(openid: object, text: object) -> None:
        receive(openid, text)
        arena.note_broken_sends()
        time.sleep(12)

    monkeypatch.setattr(arena.account, "receive_text", swallow)
    openids = arena.send(1)
    arena.wait_for_answers(openids)
    assert arena.settle(40) == {"unknown": 1}
    assert_answered_once(arena, openids)


@pytest.mark.chaos
def test_revoked_token_is_replaced_once_for_all(arena: Arena) -> None:
    arena.wait_for_answers(arena.send(1))
    arena.account.credentials.revoke()
    before = arena.wechat.requests.count("/cgi-bin/stable_token")
    openids = arena.send(12)
    arena.wait_for_answers(openids)
    assert_answered_once(arena, openids)
    assert arena.wechat.requests.count("/cgi-bin/stable_token") - before <= 2


@pytest.mark.chaos
def test_full_redis_is_told_kindly_and_recovers(arena: Arena) -> None:
    arena.wait_for_answers(arena.send(1))
    arena.redis.config_set("maxmemory", 1)
    (turned_away,) = arena.send(1)
    until(lambda: arena.read(turned_away) == [phrase("zh", "busy")])
    arena.redis.config_set("maxmemory", 0)
    openids = arena.send(2)
    arena.wait_for_answers(openids)
    assert_answered_once(arena, openids)


@pytest.mark.chaos
def test_burst_is_answered_to_the_last_message(arena: Arena) -> None:
    openids = arena.send(400)
    arena.wait_for_answers(openids)
    assert arena.settle() == {"sent": 400}
    assert_answered_once(arena, openids)
