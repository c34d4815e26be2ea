"""What the worker knows of itself and of what it depends on, noted in Redis every ten seconds.

Whoever wants to know reads it there, and asks neither WeChat nor a model server. What counts as not
well is said here, once: alerts, the admin's page and the doctor put it in words, each in its own.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import redis

_KEY = "kantu:health"
_TTL = 60  # seconds; one that is older says nothing about now
NEARLY_FULL = 0.8  # of Redis' memory
SILENT = 15.0  # seconds since a process' last heartbeat, of which there is one every three
LONG_WAIT = 60.0  # seconds in the queue
_NEARLY_USED_UP = 0.9  # of a day's calls
_MODEL_PATIENCE = 60.0  # seconds that a model may be away: it may be starting again


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PausedApi:
    """An API of WeChat's that is left alone."""

    api: str  # token, media or send
    why: str
    until: float  # seconds since 1970
    errcode: int  # of WeChat's; 0 where it said none
    remedy: str  # what a person must do; empty: nothing


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ModelState:
    """One model, as its server says; as its breaker says where to ask costs."""

    name: str
    version: str  # empty where the server does not say
    found: str  # AVAILABLE, another state of TensorFlow Serving's, or why none; empty: not asked
    breaker_open: bool  # it is not asked, since it did not answer
    ailing: float | None  # since when it has not been well, seconds since 1970; None: it is

    def is_gone(self, now: float) -> bool:
        """Return whether it has not been well for longer than a start takes."""
        return self.ailing is not None and now - self.ailing >= _MODEL_PATIENCE


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """The messages that have no answer yet."""

    waiting: int  # in the queue
    oldest: float  # seconds for which the first of them has been there
    running: int
    failed: int  # that ended without an outcome
    held: int  # replies that wait for their turn

    @property
    def backed_up(self) -> bool:
        """Whether a message waits for longer than a follower would."""
        return self.oldest > LONG_WAIT


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ProcessState:
    """One of the processes that work."""

    name: str  # of its host, its parent, and which of that parent's it is
    state: str  # idle, busy, suspended: RQ's own words
    running: int  # jobs
    done: int  # jobs, since it was born
    failed: int  # attempts, since it was born
    born: float  # seconds since 1970
    heard: float  # when it last gave a sign of life, seconds since 1970


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WorkerState:
    """The processes that work."""

    known: int  # to Redis
    alive: int  # heard of within the last seconds
    processes: tuple[ProcessState, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class QuotaState:
    """How much of a day's calls of an API WeChat says are used."""

    api: str  # send or media
    used: int
    limit: int

    @property
    def used_up(self) -> bool:
        """Whether no call is left."""
        return self.used >= self.limit

    @property
    def nearly_used_up(self) -> bool:
        """Whether hardly a call is left."""
        return self.used >= _NEARLY_USED_UP * self.limit


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RedisState:
    """Redis, as it says itself."""

    version: str
    used: int  # bytes
    limit: int  # bytes; 0: none
    policy: str  # what it does at its limit
    durable: bool  # every change is written to an append-only file
    snapshot: str  # how the last one went: ok or err
    append: str  # how the last write to the append-only file went: ok or err

    @property
    def share(self) -> float:
        """How much of its memory is used, 0..1; 0 where there is no limit."""
        return self.used / self.limit if self.limit else 0.0

    @property
    def nearly_full(self) -> bool:
        """Whether it will soon take in no message."""
        return self.share >= NEARLY_FULL

    @property
    def evicts(self) -> bool:
        """Whether it drops messages when it is full."""
        return bool(self.limit) and self.policy != "noeviction"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """All of it."""

    taken: float  # seconds since 1970
    token: float | None  # seconds for which there is an access token; None: there is none
    pauses: tuple[PausedApi, ...]
    models: tuple[ModelState, ...]
    queue: QueueState
    workers: WorkerState
    redis: RedisState
    quotas: tuple[QuotaState, ...] = ()  # those that WeChat tells

    def to_json(self) -> str:
        """Return it as text."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> Health:
        """Return what to_json() gave; raise ValueError, as for that of another release."""
        try:
            return cls(**_typed(json.loads(text)))
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a snapshot of this release: {error}") from None


def _typed(found: dict[str, Any]) -> dict[str, Any]:
    return {
        **found,
        "pauses": tuple(PausedApi(**each) for each in found["pauses"]),
        "models": tuple(ModelState(**each) for each in found["models"]),
        "queue": QueueState(**found["queue"]),
        "workers": _workers(found["workers"]),
        "redis": RedisState(**found["redis"]),
        "quotas": tuple(QuotaState(**each) for each in found.get("quotas", ())),
    }


def _workers(found: dict[str, Any]) -> WorkerState:
    processes = tuple(ProcessState(**each) for each in found.get("processes", ()))
    return WorkerState(**{**found, "processes": processes})


def keep(connection: redis.Redis, health: Health) -> None:
    """Have everybody read this one from now on, for a minute at most."""
    connection.set(_KEY, health.to_json(), ex=_TTL)


def read(connection: redis.Redis) -> Health | None:
    """Return the last one; None where none was taken within a minute, or by another release."""
    found: Any = connection.get(_KEY)
    try:
        return Health.from_json(found) if found else None
    except ValueError:
        return None
