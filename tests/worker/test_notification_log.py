"""worker.notification_log: the one in Redis and the one of a process do the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from tests.conftest import until
from worker.notification_log import NotificationLog, OwnLog, SharedLog

Make = Callable[[redis.Redis], NotificationLog]


@pytest.fixture(params=[SharedLog, lambda _connection: OwnLog()], ids=["shared", "own"])
def log(request: pytest.FixtureRequest, connection: redis.Redis) -> NotificationLog:
    make: Make = request.param
    return make(connection)


def test_it_is_told_once(log: NotificationLog) -> None:
    assert log.may_tell("one", 60)
    assert not log.may_tell("one", 60)
    assert log.may_tell("two", 60)


def test_it_is_told_again_after_its_time(log: NotificationLog) -> None:
    assert log.may_tell("one", 0.05)
    until(lambda: log.may_tell("one", 60))


def test_what_did_not_arrive_is_told_again_sooner(log: NotificationLog) -> None:
    assert log.may_tell("one", 3600)
    log.tell_again("one", 0.05)
    until(lambda: log.may_tell("one", 60))


def test_it_is_known_since_when_it_is_on(log: NotificationLog) -> None:
    first = log.note("one", "75 s")
    second = log.note("one", "85 s")
    assert second.since == first.since
    assert second.seen >= first.seen
    assert second.text == "85 s"


def test_it_is_over_when_it_was_not_found_for_a_while(log: NotificationLog) -> None:
    entry = log.note("one", "text")
    assert log.over({"one"}, 0) == {}
    assert log.over(set(), 60) == {}
    assert log.over(set(), 0) == {"one": entry}


def test_what_is_over_is_told_again_when_it_begins_again(log: NotificationLog) -> None:
    log.note("one", "text")
    log.may_tell("one", 3600)
    log.forget("one")
    assert log.over(set(), 0) == {}
    assert log.may_tell("one", 3600)


def test_of_all_processes_one_tells(connection: redis.Redis) -> None:
    logs = [SharedLog(connection) for _ in range(4)]
    assert sum(each.may_tell("one", 60) for each in logs) == 1
