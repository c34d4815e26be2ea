"""worker.alert: which conditions a person is told of."""

from __future__ import annotations

import dataclasses
import re
import time
from pathlib import Path

import pytest

from contract.health import (
    Health,
    ModelState,
    PausedApi,
    QueueState,
    RedisState,
    WorkerState,
)
from worker.alert import alerts

WELL = Health(
    taken=time.time(),
    token=7000.0,
    pauses=(),
    models=(
        ModelState(name="demo", version="1", found="AVAILABLE", breaker_open=False, ailing=None),
    ),
    queue=QueueState(waiting=9, oldest=59.0, running=2, failed=0, held=0),
    workers=WorkerState(known=2, alive=2),
    redis=RedisState(
        version="7.4.1", used=79, limit=100, policy="noeviction", durable=True, snapshot="ok",
        append="ok",
    ),
)  # fmt: skip


def paused(api: str, errcode: int, why: str = "why", remedy: str = "do this") -> Health:
    pause = PausedApi(api=api, why=why, until=time.time() + 60, errcode=errcode, remedy=remedy)
    return dataclasses.replace(WELL, pauses=(pause,))


def ailing(seconds: float, *, breaker_open: bool = False) -> Health:
    model = dataclasses.replace(
        WELL.models[0], found="HTTP 404", ailing=WELL.taken - seconds, breaker_open=breaker_open
    )
    return dataclasses.replace(WELL, models=(model,))


def with_redis(**changes: object) -> Health:
    return dataclasses.replace(WELL, redis=dataclasses.replace(WELL.redis, **changes))  # type: ignore[arg-type]  # whatever a test says


def with_queue(**changes: object) -> Health:
    return dataclasses.replace(WELL, queue=dataclasses.replace(WELL.queue, **changes))  # type: ignore[arg-type]  # as above


def test_nobody_is_told_while_all_is_well() -> None:
    assert list(alerts(WELL)) == []


CASES = [
    (paused("token", 40125), "token_refused:token", "What to do: do this."),
    (paused("token", 0, "WeChat refuses its own token"), "token_refused:token", "its own"),
    (paused("token", 40164, "not on the list: 1.2.3.4"), "address_not_listed:token", "1.2.3.4"),
    (paused("token", 89503), "address_not_listed:token", "why"),
    (paused("send", 45009), "quota_used_up:send", "why"),
    (paused("media", 48001), "not_permitted:media", "why"),
    (ailing(61), "model_gone:demo", "demo cannot be used: HTTP 404"),
    (ailing(61, breaker_open=True), "model_gone:demo", "it does not answer"),
    (ailing(61, breaker_open=True), "model_gone:demo", "the server that runs it"),
    (with_redis(used=80), "redis_nearly_full", "80% of its"),
    (with_redis(policy="allkeys-lru"), "redis_evicts", "allkeys-lru"),
    (with_queue(oldest=61.0), "queue_backed_up", "for 61 s; 9 wait"),
]


@pytest.mark.parametrize(("health", "name", "said"), CASES)
def test_person_is_told(health: Health, name: str, said: str) -> None:
    ((found, text),) = alerts(health)
    assert found == name
    assert said in text
    assert "What to do: " in text


@pytest.mark.parametrize(
    "health",
    [
        paused("send", 45011, remedy=""),  # too many calls a minute: it ends by itself
        paused("token", 0, "WeChat did not answer", remedy=""),
        ailing(30),  # it may be starting again
        with_redis(limit=0, policy="allkeys-lru"),  # never at its limit
    ],
)
def test_person_is_not_bothered(health: Health) -> None:
    assert list(alerts(health)) == []


def test_every_alert_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "connect.md").read_text("utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    documented = {name for row in rows for name in re.findall(r"`(\w+)(?::\w+)?`", row)}
    assert {name.partition(":")[0] for _, name, _ in CASES} <= documented
    assert {"redis_refuses_writes", "redis_away"} <= documented
