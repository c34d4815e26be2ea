"""worker.ledger: the one in Redis and the one of a process do the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from tests.conftest import until
from worker.ledger import Ledger, OwnLedger, SharedLedger

Make = Callable[[redis.Redis], Ledger]


@pytest.fixture(params=[SharedLedger, lambda _connection: OwnLedger()], ids=["shared", "own"])
def ledger(request: pytest.FixtureRequest, connection: redis.Redis) -> Ledger:
    make: Make = request.param
    return make(connection)


def test_it_is_told_once(ledger: Ledger) -> None:
    assert ledger.may_tell("one", 60)
    assert not ledger.may_tell("one", 60)
    assert ledger.may_tell("two", 60)


def test_it_is_told_again_after_its_time(ledger: Ledger) -> None:
    assert ledger.may_tell("one", 0.05)
    until(lambda: ledger.may_tell("one", 60))


def test_what_did_not_arrive_is_told_again_sooner(ledger: Ledger) -> None:
    assert ledger.may_tell("one", 3600)
    ledger.tell_again("one", 0.05)
    until(lambda: ledger.may_tell("one", 60))


def test_it_is_known_since_when_it_is_on(ledger: Ledger) -> None:
    first = ledger.note("one", "75 s")
    second = ledger.note("one", "85 s")
    assert second.since == first.since
    assert second.seen >= first.seen
    assert second.text == "85 s"


def test_it_is_over_when_it_was_not_found_for_a_while(ledger: Ledger) -> None:
    entry = ledger.note("one", "text")
    assert ledger.over({"one"}, 0) == {}
    assert ledger.over(set(), 60) == {}
    assert ledger.over(set(), 0) == {"one": entry}


def test_what_is_over_is_told_again_when_it_begins_again(ledger: Ledger) -> None:
    ledger.note("one", "text")
    ledger.may_tell("one", 3600)
    ledger.forget("one")
    assert ledger.over(set(), 0) == {}
    assert ledger.may_tell("one", 3600)


def test_of_all_processes_one_tells(connection: redis.Redis) -> None:
    ledgers = [SharedLedger(connection) for _ in range(4)]
    assert sum(each.may_tell("one", 60) for each in ledgers) == 1
