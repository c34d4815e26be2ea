"""Is it well, and if not, why: what a person should see to, out of how everything is."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from contract.health import Health, ModelState, PausedApi, QuotaState, RedisState

Level = Literal["bad", "note"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing; its words stand in labels/<language>/admin.toml: finding.KEY, finding.KEY_todo."""

    key: str
    level: Level = "bad"
    values: Mapping[str, object] = dataclasses.field(default_factory=dict)


REDIS_AWAY = Finding(key="redis_away")
REDIS_FULL = Finding(key="redis_refuses")


def diagnose(health: Health | None) -> list[Finding]:
    """Return what is not well, the worst first; health: None where the worker tells nothing."""
    if health is None:
        return [Finding(key="no_worker")]
    found = [
        *_of_workers(health),
        *_of_models(health.models, health.taken),
        *_of_pauses(health.pauses),
        *_of_redis(health.redis),
        *_of_queue(health),
        *_of_quotas(health.quotas),
    ]
    return sorted(found, key=lambda each: each.level)  # "bad" stands before "note"


def _of_workers(health: Health) -> Iterator[Finding]:
    if not health.workers.alive:
        yield Finding(key="no_process", values={"known": health.workers.known})


def _of_models(models: Iterable[ModelState], now: float) -> Iterator[Finding]:
    for model in models:
        if model.ailing is None:
            continue
        values = {"name": model.name, "found": model.found, "since": now - model.ailing}
        key = "model_silent" if model.breaker_open else "model_gone"
        bad = model.breaker_open or model.is_gone(now)
        yield Finding(key=key, level="bad" if bad else "note", values=values)


def _of_pauses(pauses: Iterable[PausedApi]) -> Iterator[Finding]:
    for pause in pauses:
        values = dataclasses.asdict(pause)
        if pause.remedy:
            yield Finding(key="refused", values=values)
        else:
            yield Finding(key="paused", level="note", values=values)


def _of_redis(redis: RedisState) -> Iterator[Finding]:
    if redis.evicts:
        yield Finding(key="redis_evicts", values={"policy": redis.policy})
    if redis.nearly_full:
        yield Finding(key="redis_full", values={"share": redis.share})
    if "err" in {redis.append, redis.snapshot}:
        yield Finding(key="redis_cannot_write")
    if not redis.durable:
        yield Finding(key="redis_forgets", level="note")


def _of_queue(health: Health) -> Iterator[Finding]:
    queue = health.queue
    if queue.backed_up:
        yield Finding(key="backed_up", values=dataclasses.asdict(queue))
    if queue.failed:
        yield Finding(key="failed", level="note", values={"failed": queue.failed})


def _of_quotas(quotas: Iterable[QuotaState]) -> Iterator[Finding]:
    for quota in quotas:
        values = dataclasses.asdict(quota)
        if quota.used_up:
            yield Finding(key="quota_used_up", values=values)
        elif quota.nearly_used_up:
            yield Finding(key="quota_nearly", level="note", values=values)
