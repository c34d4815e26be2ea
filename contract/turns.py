"""The order in which one follower's messages are answered: that in which they came.

    join() ──> open ──> leave() ──> done; forgotten a few seconds after the last one is done

Nobody waits for a turn with a thread: a reply that is ready too early stays in its job, and whoever
answers the message before it sends it as well.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import redis
from redis.client import Pipeline

from contract.follower import Followers
from contract.job import PICTURE

_TTL = 600  # seconds: no message stays open for so long
_LINGER = 5  # seconds after the last answer; what comes sooner belongs to the same handful
# What stays open after this one is done, in order. KEYS: line, done. ARGV: entry, linger.
_LEAVE = """
redis.call('SADD', KEYS[2], ARGV[1])
local open = {}
for _, entry in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
    if redis.call('SISMEMBER', KEYS[2], entry) == 0 then open[#open + 1] = entry end
end
redis.call('EXPIRE', KEYS[2], redis.call('TTL', KEYS[1]) + 1)
if #open == 0 then
    redis.call('EXPIRE', KEYS[1], ARGV[2])
    redis.call('EXPIRE', KEYS[2], ARGV[2])
end
return open
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a message stands among those of its follower."""

    ahead: Sequence[str]  # turns of earlier messages that are still open, the earliest first
    number: int  # among the pictures of the handful, from 1; 0 where it is the only one
    behind: Sequence[str] = ()  # turns of messages that came after it
    ordinal: int = 1  # among the pictures of the handful, from 1, also where it is the only one

    @property
    def last(self) -> bool:
        """Whether nothing came after it."""
        return not self.behind


class Turns:
    """The lines in which followers' messages wait for their answers; ImageJob.turn stands in it."""

    def __init__(self, connection: redis.Redis, followers: Followers) -> None:
        self._redis = connection
        self._followers = followers
        self._leave = connection.register_script(_LEAVE)

    def join(self, pipeline: Pipeline, openid: str, turn: str) -> None:
        """Put a message at the end of its follower's line."""
        line, done = self._keys(openid)
        pipeline.rpush(line, turn)
        pipeline.expire(line, _TTL)
        pipeline.expire(done, _TTL)

    def withdraw(self, openid: str, turn: str) -> None:
        """Take back the last join: that message had joined before."""
        self._redis.lrem(self._keys(openid)[0], -1, turn)

    def place(self, openid: str, turn: str) -> Place:
        """Return where a message stands; one that is in no line is first and only."""
        line, done_key = self._keys(openid)
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.lrange(line, 0, -1)
            pipeline.smembers(done_key)
            found, done = pipeline.execute()
        # A repeat stands there twice until withdraw(), and for good where its webhook has died.
        turns = list(dict.fromkeys(each.decode() for each in found))
        if turn not in turns:
            return Place(ahead=[], number=0)
        at = turns.index(turn)
        pictures = [each for each in turns if each.startswith(PICTURE)]
        ordinal = pictures.index(turn) + 1 if turn in pictures else 1
        return Place(
            ahead=[each for each in turns[:at] if each.encode() not in done],
            number=ordinal if turn in pictures and len(pictures) > 1 else 0,
            behind=turns[at + 1 :],
            ordinal=ordinal,
        )

    def leave(self, openid: str, turn: str) -> list[str]:
        """Note that a message has its answer; return the turns still open, the earliest first."""
        still_open: Any = self._leave(keys=self._keys(openid), args=[turn, _LINGER])
        return [each.decode() for each in still_open]

    def forget(self, openid: str) -> None:
        """Delete the line."""
        self._redis.delete(*self._keys(openid))

    def _keys(self, openid: str) -> tuple[str, str]:
        key = f"kantu:turns:{self._followers.alias(openid)}"
        return key, f"{key}:done"
