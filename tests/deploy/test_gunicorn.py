"""app/processes.py: gunicorn as it runs in production, replaced while messages come in."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from contract.job import picture_queue
from tests.app.door import Door, opened
from tests.conftest import alive, make_settings, until
from tests.deploy.load import Load


@pytest.fixture
def door(redis_url: str, tmp_path: Path) -> Iterator[Door]:
    """The webhook under its shipped configuration."""
    with opened(make_settings(redis_url=redis_url), tmp_path) as door:
        yield door


def children(pid: int) -> set[int]:
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def parent_of(door: Door) -> int:
    assert door.program.process is not None
    return door.program.process.pid


def all_replaced(pid: int, before: set[int]) -> Callable[[], bool]:
    return lambda: len(children(pid)) >= 2 and not children(pid) & before


def test_no_request_fails_while_all_processes_are_replaced(door: Door) -> None:
    parent = parent_of(door)
    with Load(door.wechat, f"http://127.0.0.1:{door.port}/wechat").running() as load:
        before = children(parent)
        os.kill(parent, signal.SIGHUP)
        until(all_replaced(parent, before))
        load.wait_for(20)
    assert load.answers.keys() == {"200"}


def test_no_request_fails_while_the_program_itself_is_replaced(door: Door) -> None:
    old = parent_of(door)
    with Load(door.wechat, f"http://127.0.0.1:{door.port}/wechat").running() as load:
        workers = children(old)
        os.kill(old, signal.SIGUSR2)
        until(lambda: any(len(children(pid)) >= 2 for pid in children(old) - workers))
        os.kill(old, signal.SIGTERM)
        until(lambda: not alive(old))
        load.wait_for(20)
    assert load.answers.keys() == {"200"}


def test_no_request_fails_where_processes_reach_their_limit(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--max-requests 15 --max-requests-jitter 10")
    with opened(make_settings(redis_url=redis_url), tmp_path) as door:
        before = children(parent_of(door))
        with Load(door.wechat, f"http://127.0.0.1:{door.port}/wechat").running() as load:
            until(lambda: not children(parent_of(door)) & before)
            load.wait_for(20)
    assert load.answers.keys() == {"200"}


def test_reply_that_is_held_is_given_although_the_process_is_replaced(
    redis_url: str, connection: redis.Redis, tmp_path: Path
) -> None:
    with opened(make_settings(redis_url=redis_url, wechat_reply="passive"), tmp_path) as door:
        given = list[tuple[int, bytes]]()
        picture = {
            "ToUserName": "gh_of_the_tests", "FromUserName": f"oHELD{42:023d}", "MsgId": "42",
            "CreateTime": str(int(time.time())), "MsgType": "image", "MediaId": "m",
            "PicUrl": "http://mmbiz.qpic.cn/x/0",
        }  # fmt: skip
        asking = threading.Thread(target=lambda: given.append(door.deliver(picture)))
        asking.start()
        before = children(parent_of(door))
        until(lambda: picture_queue(connection).count)  # it is held for five seconds from now on
        os.kill(parent_of(door), signal.SIGHUP)
        until(lambda: len(children(parent_of(door)) - before) >= 2)
        asking.join(20)
    assert given == [(503, b"")]  # WeChat tries again; nothing was broken off
