"""contract.health"""

from __future__ import annotations

import time

import pytest
import redis

from contract.health import (
    Health,
    ModelState,
    PausedApi,
    QueueState,
    RedisState,
    WorkerState,
    keep,
    read,
)

HEALTH = Health(
    taken=time.time(),
    token=7000.5,
    pauses=(PausedApi(api="send", why="48001", until=time.time(), errcode=48001, remedy="verify"),),
    models=(
        ModelState(name="demo", version="1", found="AVAILABLE", breaker_open=False, ailing=None),
        ModelState(name="vqa", version="", found="no answer", breaker_open=True, ailing=1.5),
    ),
    queue=QueueState(waiting=3, oldest=1.5, running=2, failed=1, held=0),
    workers=WorkerState(known=2, alive=1),
    redis=RedisState(
        version="7.4.1", used=75, limit=100, policy="noeviction", durable=True, snapshot="ok",
        append="ok",
    ),
)  # fmt: skip


def test_it_is_read_as_it_was_kept(connection: redis.Redis) -> None:
    keep(connection, HEALTH)
    assert read(connection) == HEALTH
    assert HEALTH.redis.share == 0.75


def test_old_one_vanishes(connection: redis.Redis) -> None:
    keep(connection, HEALTH)
    assert 0 < connection.ttl("kantu:health") <= 60
    connection.delete("kantu:health")
    assert read(connection) is None


@pytest.mark.parametrize("text", ["{}", "[]", "null", '{"taken": 1}', "nonsense"])
def test_that_of_another_release_is_none(connection: redis.Redis, text: str) -> None:
    connection.set("kantu:health", text)
    assert read(connection) is None
