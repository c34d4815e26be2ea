"""Redis: is it there and quick, does it keep what it is given, has it room."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterator
from typing import Any

import redis

from contract.health import NEARLY_FULL, RedisState
from contract.settings import Settings
from worker.doctor.clock import compare
from worker.doctor.exposure import exposure
from worker.doctor.finding import Finding, note, well, wrong
from worker.health import Observer

_OLDEST = (6, 2)  # the first with LMOVE, and with a SET that returns what was there
_TRIPS = 20
_SLOW = 20.0  # milliseconds; the webhook makes two trips before it answers, the worker some twenty


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
        yield wrong("redis", "refuses", error=str(error))
        return
    yield well("redis", took=took)
    yield compare("redis_clock", seconds + microseconds / 1e6)
    yield _latency(connection)
    yield version(state)
    yield _policy(state)
    yield _memory(state)
    yield _persistence(state, connection)
    yield exposure(settings.redis_url, connection)


def _latency(connection: redis.Redis) -> Finding:
    took = []
    for _ in range(_TRIPS):
        began = time.monotonic()
        connection.ping()
        took.append(1000 * (time.monotonic() - began))
    median, worst = statistics.median(took), max(took)
    if median <= _SLOW:
        return well("redis_latency", median=median, worst=worst, trips=_TRIPS)
    return wrong(
        "redis_latency", "slow", median=median, worst=worst, trips=_TRIPS, most=round(_SLOW)
    )


def version(state: RedisState) -> Finding:
    """Return whether it is new enough for the commands that are used."""
    found = tuple(map(int, re.findall(r"\d+", state.version)[:2]))
    if found >= _OLDEST:
        return well("redis_version", version=state.version)
    return wrong("redis_version", "old", version=state.version)


def _policy(state: RedisState) -> Finding:
    # Stricter than RedisState.evicts: the policy comes to bear as soon as somebody sets a limit.
    if state.policy == "noeviction":
        return well("redis_policy")
    return wrong("redis_policy", "evicts", policy=state.policy)


def _memory(state: RedisState) -> Finding:
    used, limit, share = state.used / 2**20, state.limit / 2**20, state.share
    if not state.limit:
        return note("redis_memory", "unlimited", used=used)
    if state.nearly_full:
        return wrong("redis_memory", "full", used=used, limit=limit, share=share, most=NEARLY_FULL)
    return well("redis_memory", used=used, limit=limit, share=share)


def _persistence(state: RedisState, connection: redis.Redis) -> Finding:
    if state.append == "err":
        return wrong("redis_persistence", "broken_append")
    if state.snapshot == "err":
        return wrong("redis_persistence", "broken_snapshot")
    if state.durable:
        return well("redis_persistence")
    if _takes_snapshots(connection):
        return note("redis_persistence", "snapshots")
    return note("redis_persistence", "none")


def _takes_snapshots(connection: redis.Redis) -> bool:
    try:
        found: Any = connection.config_get("save")
    except redis.ResponseError:  # managed ones do not say
        return False
    return bool(found.get("save"))
