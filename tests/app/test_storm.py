"""Everything at once: the same message on several processes, a flood, Redis away, deaths."""

from __future__ import annotations

import concurrent.futures
import os
import socket
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import redis

from contract.job import picture_queue
from labels import phrase
from launch import programs
from launch.supervisor import Program, free_port
from tests.app.conftest import ACCOUNT, Push
from tests.app.door import SUCCESS, Door, opened, status_of
from tests.conftest import make_settings, until

OTHER = "oABCDEFGHIJKLMNOPQRSTUVWXYZ2"


def begin(door: Door, fields: Mapping[str, object]) -> tuple[socket.socket, bytes]:
    """Send all but the last byte of a push; return the connection and that byte."""
    query, body = door.wechat.seal(fields)
    headers = f"Content-Length: {len(body)}\r\nContent-Type: text/xml\r\n"
    return door.raw(query, headers, body[:-1]), body[-1:]


def end(begun: tuple[socket.socket, bytes]) -> int:
    """Send the last byte, and return the status."""
    stream, last = begun
    with stream:
        stream.sendall(last)
        return status_of(stream)


def at_once(door: Door, pushes: list[dict[str, str]]) -> list[int]:
    """Deliver them all at the same instant, each on a connection of its own."""
    begun = [begin(door, each) for each in pushes]
    with concurrent.futures.ThreadPoolExecutor(len(begun)) as threads:
        return list(threads.map(end, begun))


def test_message_delivered_thrice_at_once_is_one_job(
    safe: Door, connection: redis.Redis, push: Push
) -> None:
    for number in range(20):
        assert at_once(safe, [push(MsgId=str(number))] * 3) == [200] * 3
    queue = picture_queue(connection)
    assert sorted(int(job.kwargs["message_id"]) for job in queue.jobs) == list(range(20))


def test_same_msgid_from_two_followers_is_two_jobs(
    safe: Door, connection: redis.Redis, push: Push
) -> None:
    pushes = [push(), push(FromUserName=OTHER)]
    assert at_once(safe, pushes * 2) == [200] * 4
    assert picture_queue(connection).count == 2


def test_flood_from_one_follower_is_answered(safe: Door, push: Push) -> None:
    pushes = [push(MsgType="voice", MsgId=str(number)) for number in range(200)]
    with concurrent.futures.ThreadPoolExecutor(16) as threads:
        assert {status for status, _ in threads.map(safe.deliver, pushes)} == {200}


@pytest.fixture
def redis_port() -> int:
    return free_port()


Start = Callable[[], Program]


@pytest.fixture
def start(redis_port: int, tmp_path: Path) -> Iterator[Start]:
    """Start a Redis that a test may end."""
    started = list[Program]()

    def begin_redis() -> Program:
        program = programs.redis_server(redis_port, tmp_path, tmp_path / "r.log", durable=False)
        started.append(program)
        program.start()
        until(program.ready)
        return program

    yield begin_redis
    for program in started:
        program.end()


@pytest.fixture
def frail(redis_port: int, start: Start, tmp_path: Path) -> Iterator[Door]:
    """The webhook, whose Redis has just gone away."""
    program = start()
    url = f"redis://127.0.0.1:{redis_port}/0"
    with opened(make_settings(redis_url=url, wechat_account=ACCOUNT), tmp_path) as door:
        program.end()
        yield door


def test_follower_is_told_at_once_that_redis_is_away(frail: Door, push: Push) -> None:
    started = time.monotonic()
    status, body = frail.deliver(push())
    assert time.monotonic() - started < 5  # as long as WeChat waits
    assert (status, frail.wechat.open(body.decode())["Content"]) == (200, phrase("zh", "busy"))


def test_message_that_we_failed_to_answer_is_answered_when_it_comes_again(
    frail: Door, redis_port: int, start: Start, push: Push
) -> None:
    fields = push()
    with socket.create_server(("127.0.0.1", redis_port)) as silent:
        query, body = frail.wechat.seal(fields)
        headers = f"Content-Length: {len(body)}\r\n"
        with frail.raw(query, headers, body) as stream:
            waits, _ = silent.accept()  # the webhook, for Redis
            with waits:
                kill_children(frail.program)
                assert stream.recv(1) == b""
    client = redis.Redis(port=redis_port)
    start()
    until(lambda: frail.deliver(fields) == SUCCESS)
    assert picture_queue(client).count == 1


def kill_children(program: Program) -> None:
    assert program.process
    parent = program.process.pid
    for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        os.kill(int(pid), 9)


def test_queries_of_any_length_are_no_trouble(safe: Door) -> None:
    # gunicorn refuses lines above 4,094 bytes itself
    query = {"signature": "0" * 40, "nonce": "x" * 3900}
    assert len(urllib.parse.urlencode(query)) < 4000
    assert safe.ask(query)[0] == 403
    assert safe.ask(query | {"more": "x" * 10_000})[0] in range(400, 500)
