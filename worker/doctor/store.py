"""Redis: is it there, does it keep what it is given, has it room."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import redis

from contract.health import RedisState
from contract.settings import Settings
from worker.alert import NEARLY_FULL
from worker.doctor.clock import compare
from worker.doctor.finding import Finding, note, well, wrong
from worker.health import Observer

_REDIS = "Redis"
_OLDEST = (6, 2)  # the first with LMOVE, and with a SET that returns what was there


def check(settings: Settings, connection: redis.Redis) -> Iterator[Finding]:
    """Give what is found; raise redis.RedisError where Redis is away."""
    began = time.monotonic()
    try:
        connection.ping()
        took = 1000 * (time.monotonic() - began)
        state = Observer(settings, connection).redis()
        seconds, microseconds = connection.time()
        connection.set("kantu:doctor", 1, px=1000)
    except redis.ResponseError as error:
        yield wrong(_REDIS, f"it refuses us: {error}", "see its memory, its disk and its rights")
        return
    yield well(_REDIS, f"it answers in {took:.1f} ms, and takes writes")
    yield version(state)
    yield _policy(state)
    yield _memory(state)
    yield _persistence(state, connection)
    yield compare("Redis' clock", seconds + microseconds / 1e6)


def version(state: RedisState) -> Finding:
    """Return whether it is new enough for the commands that are used."""
    subject, found = "Redis' version", tuple(map(int, re.findall(r"\d+", state.version)[:2]))
    if found >= _OLDEST:
        return well(subject, state.version)
    return wrong(subject, f"{state.version}; expected 6.2 or newer", "upgrade it")


def _policy(state: RedisState) -> Finding:
    subject = "Redis' maxmemory-policy"
    if state.policy == "noeviction":
        return well(subject, "noeviction")
    return wrong(
        subject,
        f"{state.policy}; expected noeviction, or messages are dropped when memory is short",
        "redis-cli config set maxmemory-policy noeviction, and the same in redis.conf",
    )


def _memory(state: RedisState) -> Finding:
    subject, used = "Redis' memory", f"{state.used / 2**20:.0f} MB"
    if not state.limit:
        return well(subject, f"{used} used, no limit")
    found = f"{used} of {state.limit / 2**20:.0f} MB used ({state.share:.0%})"
    if state.share < NEARLY_FULL:
        return well(subject, found)
    return wrong(
        subject, f"{found}; expected less than {NEARLY_FULL:.0%}", "raise maxmemory, or free some"
    )


def _persistence(state: RedisState, connection: redis.Redis) -> Finding:
    subject = "Redis' persistence"
    failed = [
        name
        for name, status in (("appendonly file", state.append), ("snapshot", state.snapshot))
        if status == "err"
    ]
    if failed:
        return wrong(
            subject, f"the last {' and '.join(failed)} could not be written", "see its log and disk"
        )
    if state.durable:
        return well(subject, "appendonly yes")
    found = "snapshots only" if _takes_snapshots(connection) else "none"
    return note(
        subject,
        f"{found}; expected appendonly yes, or messages in the queue are lost when Redis ends",
        "redis-cli config set appendonly yes, and the same in redis.conf",
    )


def _takes_snapshots(connection: redis.Redis) -> bool:
    try:
        found: Any = connection.config_get("save")
    except redis.ResponseError:  # managed ones do not say
        return False
    return bool(found.get("save"))
