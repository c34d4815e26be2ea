"""contract.hold"""

from __future__ import annotations

import threading

import pytest
import redis

from contract.hold import Holds

JOB = "0" * 32


@pytest.fixture
def holds(connection: redis.Redis) -> Holds:
    return Holds(connection)


def test_tries_of_one_message_are_counted(holds: Holds, connection: redis.Redis) -> None:
    with connection.pipeline() as pipeline:
        for _ in range(3):
            holds.open(pipeline, JOB)
        assert pipeline.execute()[::2] == [1, 2, 3]


def test_every_try_that_waits_is_woken(holds: Holds) -> None:
    woken = list[bool]()
    threads = [threading.Thread(target=lambda: woken.append(holds.wait(JOB, 5))) for _ in range(3)]
    for thread in threads:
        thread.start()
    holds.wake(JOB)
    for thread in threads:
        thread.join()
    assert woken == [True] * 3


def test_wait_comes_to_an_end(holds: Holds) -> None:
    assert not holds.wait(JOB, 0.1)
    assert not holds.wait(JOB, 0)
    assert not holds.wait(JOB, -1)


def test_answer_that_was_there_before_is_found(holds: Holds) -> None:
    holds.wake(JOB)
    assert holds.wait(JOB, 0.1)


def test_hold_is_ended_by_one_side_only(holds: Holds, connection: redis.Redis) -> None:
    assert not holds.take(JOB)
    with connection.pipeline() as pipeline:
        holds.offer(pipeline, JOB)
        pipeline.execute()
    assert [holds.take(JOB), holds.take(JOB)] == [True, False]


def test_nothing_is_kept_for_long(holds: Holds, connection: redis.Redis) -> None:
    with connection.pipeline() as pipeline:
        holds.open(pipeline, JOB)
        holds.offer(pipeline, JOB)
        pipeline.execute()
    holds.wake(JOB)
    keys = list(connection.scan_iter("kantu:hold:*"))
    assert len(keys) == 3
    assert all(0 < connection.ttl(key) <= 30 for key in keys)
