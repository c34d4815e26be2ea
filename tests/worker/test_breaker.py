"""worker.breaker"""

from __future__ import annotations

import concurrent.futures
import logging
import threading
from collections.abc import Callable

import pytest
import redis

from contract.connection import connect
from launch.supervisor import free_port
from tests.conftest import make_settings, until
from worker.breaker import Breaker
from worker.errors import ModelSilent, ModelUnavailable


def another(connection: redis.Redis) -> Breaker:
    """Return the breaker as another process has it."""
    return Breaker(connection, "demo")


@pytest.fixture
def breaker(connection: redis.Redis) -> Breaker:
    return another(connection)


class Server:
    """Answers, or does not, and counts."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.asked = error, 0

    def ask(self) -> str:
        self.asked += 1
        if self.error:
            raise self.error
        return "answer"


SILENT = ModelSilent("no answer")


def call(breaker: Breaker, server: Server) -> str:
    return breaker.call(server.ask, breaker.failures())


def fail(breaker: Breaker, server: Server, times: int) -> None:
    for _ in range(times):
        with pytest.raises(ModelUnavailable):
            call(breaker, server)


def test_answer_passes(breaker: Breaker) -> None:
    assert call(breaker, Server()) == "answer"


def test_server_that_fails_five_times_is_asked_by_no_process(
    connection: redis.Redis, breaker: Breaker
) -> None:
    server = Server(SILENT)
    fail(breaker, server, 5)
    with pytest.raises(ModelUnavailable, match="demo is not asked for 10 s"):
        call(another(connection), server)
    assert server.asked == 5


def test_failures_between_answers_open_nothing(breaker: Breaker) -> None:
    broken, well = Server(SILENT), Server()
    for _ in range(3):
        fail(breaker, broken, 4)
        call(breaker, well)
    assert broken.asked == 12


def test_failures_of_long_ago_do_not_count(connection: redis.Redis, breaker: Breaker) -> None:
    fail(breaker, Server(SILENT), 4)
    assert 0 < connection.ttl(breaker.key) <= 30
    fail(breaker, Server(SILENT), 1)
    assert 30 < connection.ttl(breaker.key) <= 60


def test_refusal_is_an_answer_too(breaker: Breaker) -> None:
    server = Server(ModelUnavailable("no such model"))
    fail(breaker, server, 20)
    assert server.asked == 20


@pytest.fixture
def rested(connection: redis.Redis, breaker: Breaker) -> Callable[[], None]:
    """Open the breaker; return what lets its ten seconds pass."""
    fail(breaker, Server(SILENT), 5)
    rest = f"{breaker.key}:rest"
    assert 0 < connection.ttl(rest) <= 10
    return lambda: connection.delete(rest)  # type: ignore[return-value]


def test_one_call_tries_the_server_after_the_rest(
    connection: redis.Redis, rested: Callable[[], None]
) -> None:
    rested()
    entered, leave = threading.Event(), threading.Event()

    def ask() -> str:
        entered.set()
        leave.wait(5)
        return "answer"

    with concurrent.futures.ThreadPoolExecutor(1) as threads:
        first = another(connection)
        probe = threads.submit(first.call, ask, first.failures())
        assert entered.wait(5)
        server = Server()
        fail(another(connection), server, 10)
        leave.set()
        assert probe.result() == "answer"
    assert server.asked == 0
    assert call(another(connection), server) == "answer"


def test_server_that_fails_the_trial_rests_again(
    connection: redis.Redis, rested: Callable[[], None]
) -> None:
    rested()
    server = Server(SILENT)
    fail(another(connection), server, 10)
    assert server.asked == 1
    rested()
    server.error = None
    assert [call(another(connection), server) for _ in range(3)] == ["answer"] * 3


def test_operator_is_told_when_it_opens_and_when_it_closes(
    breaker: Breaker, rested: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    rested()
    call(breaker, Server())
    assert [record.getMessage() for record in caplog.records] == ["demo answers again"]
    fail(breaker, Server(SILENT), 7)
    errors = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    assert errors == ["demo has not answered 5 times in a row"]


def test_forgotten_after_a_minute_without_a_call(
    connection: redis.Redis, breaker: Breaker, rested: Callable[[], None]
) -> None:
    connection.expire(breaker.key, 1)
    rested()
    until(lambda: breaker.failures() is None)
    fail(breaker, Server(SILENT), 4)


def test_failure_is_not_hidden_by_redis_being_away() -> None:
    away = connect(make_settings(redis_url=f"redis://127.0.0.1:{free_port()}/0"))
    with pytest.raises(ModelSilent):
        Breaker(away, "demo").call(Server(SILENT).ask, None)
    assert Breaker(away, "demo").call(Server().ask, b"1") == "answer"
