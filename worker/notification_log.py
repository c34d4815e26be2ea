"""Which alerts are on, and who has been told: in Redis for all processes together.

note() ──> on ── may_tell(): once an hour ──> told
 ^                                             │
 └── … ── over(): not found for a while ── forget()
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Container
from typing import Any, Protocol

import redis


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One alert that is on."""

    since: float  # seconds since 1970
    seen: float  # the last time that it was found; seconds since 1970
    text: str


class NotificationLog(Protocol):
    """Where alerts are noted by their names."""

    def note(self, name: str, text: str) -> Entry:
        """Note that an alert is on now."""

    def may_tell(self, name: str, seconds: float) -> bool:
        """Return True for the first to ask, and again after so many seconds."""

    def tell_again(self, name: str, seconds: float) -> None:
        """Have may_tell() say True after so many seconds: the word did not arrive."""

    def over(self, found: Container[str], calm: float) -> dict[str, Entry]:
        """Return those that are not found any more, nor were for so many seconds."""

    def forget(self, name: str) -> None:
        """Note that it is over."""


class SharedLog:
    """In Redis; methods raise redis.RedisError."""

    def __init__(self, connection: redis.Redis) -> None:
        self._redis = connection
        self._all = "kantu:alerts"

    def note(self, name: str, text: str) -> Entry:
        known = self._entries().get(name)
        now = time.time()
        entry = Entry(since=known.since if known else now, seen=now, text=text)
        self._redis.hset(self._all, name, json.dumps(dataclasses.asdict(entry)))
        return entry

    def may_tell(self, name: str, seconds: float) -> bool:
        return bool(self._redis.set(f"{self._all}:{name}", 1, nx=True, px=_milliseconds(seconds)))

    def tell_again(self, name: str, seconds: float) -> None:
        self._redis.pexpire(f"{self._all}:{name}", _milliseconds(seconds))

    def over(self, found: Container[str], calm: float) -> dict[str, Entry]:
        return _over(self._entries(), found, calm)

    def forget(self, name: str) -> None:
        with self._redis.pipeline() as pipeline:
            pipeline.hdel(self._all, name)
            pipeline.delete(f"{self._all}:{name}")
            pipeline.execute()

    def _entries(self) -> dict[str, Entry]:
        found: Any = self._redis.hgetall(self._all)
        return {name.decode(): Entry(**json.loads(text)) for name, text in found.items()}


class OwnLog:
    """In this process, for alerts about Redis itself."""

    def __init__(self) -> None:
        self._entries = dict[str, Entry]()
        self._not_before = dict[str, float]()  # by time.monotonic()

    def note(self, name: str, text: str) -> Entry:
        now, known = time.time(), self._entries.get(name)
        entry = Entry(since=known.since if known else now, seen=now, text=text)
        self._entries[name] = entry
        return entry

    def may_tell(self, name: str, seconds: float) -> bool:
        if time.monotonic() < self._not_before.get(name, 0.0):
            return False
        self.tell_again(name, seconds)
        return True

    def tell_again(self, name: str, seconds: float) -> None:
        self._not_before[name] = time.monotonic() + seconds

    def over(self, found: Container[str], calm: float) -> dict[str, Entry]:
        return _over(self._entries, found, calm)

    def forget(self, name: str) -> None:
        self._entries.pop(name, None)
        self._not_before.pop(name, None)


def _over(entries: dict[str, Entry], found: Container[str], calm: float) -> dict[str, Entry]:
    end = time.time() - calm
    return {
        name: entry for name, entry in entries.items() if name not in found and entry.seen <= end
    }


def _milliseconds(seconds: float) -> int:
    return max(1, round(1000 * seconds))
