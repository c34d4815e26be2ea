"""Processes die at the worst moment."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from labels import phrase
from tests.chaos.arena import Arena
from tests.chaos.models import ANSWER
from tests.conftest import alive, until


def once(does: Any) -> Any:
    """Return a function that does something the first time it is called."""
    first = threading.Lock()
    return lambda: does() if first.acquire(blocking=False) else None


def assert_answered_once(arena: Arena, openids: list[str]) -> None:
    assert [len(arena.read(openid)) for openid in openids] == [1] * len(openids)
    assert {arena.read(openid)[0][-4:] for openid in openids} == {ANSWER}


def test_worker_killed_while_the_model_looks(arena: Arena) -> None:
    arena.models.behave = lambda: time.sleep(1)
    openids = arena.send(6)
    until(lambda: arena.models.asked >= 6)
    arena.kill_working()
    arena.wait_for_answers(openids)
    assert arena.settle() == {"sent": 6}
    assert_answered_once(arena, openids)


@pytest.mark.chaos
def test_worker_killed_between_the_reply_and_the_send(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = arena.account.credentials.stable
    kill = once(arena.kill_working)
    looked = threading.Event()

    def die_when_asked_again(*arguments: Any, **options: Any) -> Any:
        if looked.is_set():
            kill()
        return token(*arguments, **options)

    def look() -> None:
        looked.set()
        arena.account.credentials.revoke()
        arena.redis.delete(*arena.redis.keys("kantu:wechat:*:token"))

    monkeypatch.setattr(arena.account.credentials, "stable", die_when_asked_again)
    arena.models.behave = once(look)
    openids = arena.send(1)
    arena.wait_for_answers(openids)
    assert arena.settle() == {"sent": 1}
    assert arena.models.asked == 1  # the reply had been saved
    assert_answered_once(arena, openids)


@pytest.mark.chaos
def test_worker_killed_inside_the_send(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    receive = arena.account.receive_text

    def deliver_and_kill(openid: object, text: object) -> None:
        receive(openid, text)
        kill()

    kill = once(arena.kill_working)
    monkeypatch.setattr(arena.account, "receive_text", deliver_and_kill)
    openids = arena.send(1)
    assert arena.settle(80) == {"unknown": 1}
    assert_answered_once(arena, openids)
    arena.send_again(openids[0])
    until(lambda: len(arena.read(openids[0])) == 3)
    assert arena.read(openids[0])[1].startswith("（可能已经发过）")


@pytest.mark.chaos
def test_host_vanishes_and_another_takes_over(arena: Arena, tmp_path: Path) -> None:
    arena.models.behave = lambda: time.sleep(1)
    openids = arena.send(6)
    until(lambda: arena.models.asked >= 6)
    gone = arena.worker
    pids = arena.working()
    arena.worker = arena.another_worker(tmp_path / "second.log")
    arena.worker.start()
    try:
        for pid in [gone.process.pid if gone.process else 0, *pids]:
            os.kill(pid, signal.SIGKILL)
        until(lambda: not any(alive(pid) for pid in pids))
        arena.note_broken_sends()
        assert arena.wait_for_answers(openids) < 20
        assert arena.settle() == {"sent": 6}
        assert_answered_once(arena, openids)
    finally:
        arena.worker.end()


@pytest.mark.chaos
def test_redis_is_killed_and_comes_back(arena: Arena) -> None:
    arena.models.behave = lambda: time.sleep(0.5)
    openids = arena.send(8)
    until(lambda: arena.models.asked >= 1)
    time.sleep(1.2)  # its file is written every second
    assert arena.redis_server.process is not None
    arena.redis_server.process.kill()
    arena.redis_server.process.wait()
    (late,) = arena.send(1)
    until(lambda: arena.read(late) == [phrase("zh", "busy")])
    arena.redis_server.start()
    until(arena.redis_server.ready)
    arena.note_broken_sends()
    arena.wait_for_answers(openids)
    arena.settle(80)
    assert [len(arena.read(openid)) for openid in openids] == [1] * 8


@pytest.mark.chaos
def test_redis_stands_still_for_a_while(arena: Arena) -> None:
    pid = arena.redis_server.process.pid  # type: ignore[union-attr]
    os.kill(pid, signal.SIGSTOP)
    started = time.monotonic()
    (openid,) = arena.send(1)
    try:
        until(lambda: arena.read(openid) == [phrase("zh", "busy")])
        assert time.monotonic() - started < 3
    finally:
        os.kill(pid, signal.SIGCONT)
    arena.note_broken_sends()
    until(arena.worker.ready)
    later = arena.send(3)
    arena.wait_for_answers(later)
    assert_answered_once(arena, later)


@pytest.mark.chaos
def test_worker_is_replaced_under_load(arena: Arena) -> None:
    arena.models.behave = lambda: time.sleep(0.2)
    openids = arena.send(60)
    until(lambda: arena.models.asked >= 20)
    arena.worker.end()
    arena.worker.start()
    arena.wait_for_answers(openids)
    assert arena.settle() == {"sent": 60}
    assert_answered_once(arena, openids)
