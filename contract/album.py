"""Each follower's last pictures, kept for minutes, for the questions that follow them.

That there was a picture is known for longer than the picture itself, so that a question about one
that is gone gets an honest answer.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import redis

from contract.follower import Followers

MOST = 3  # pictures of one follower
_ROOM = 4 * 1024 * 1024  # bytes of their pictures together; the newest is kept whatever it has
_KNOWN_TTL = 6 * 3600  # seconds for which it is known that there were pictures

# Keeps a picture, and of the older ones what there is room for. Where half of Redis is full, only
# that there was one: the other half is for messages. KEYS: list, picture.
# ARGV: id, received, number, ttl, ttl of the list, most, room, the picture.
_KEEP = """
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[5])
local memory = redis.call('INFO', 'memory')
local used = tonumber(memory:match('used_memory:(%d+)') or 0)
local limit = tonumber(memory:match('maxmemory:(%d+)') or 0)
if limit == 0 or used < limit / 2 then
    redis.call('HSET', KEYS[2], 'number', ARGV[3], 'picture', ARGV[8])
    redis.call('EXPIRE', KEYS[2], ARGV[4])
end
local room = tonumber(ARGV[7])
for place, id in ipairs(redis.call('ZREVRANGE', KEYS[1], 0, -1)) do
    local key = KEYS[1] .. ':' .. id
    room = room - redis.call('HSTRLEN', key, 'picture')
    if place > tonumber(ARGV[6]) or (place > 1 and room < 0) then
        redis.call('DEL', key)
        redis.call('ZREM', KEYS[1], id)
    end
end
"""
# The oldest first: id, received, number; number 0 where the picture is gone. KEYS: list.
_LOOK = """
local found, entries = {}, redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for at = 1, #entries, 2 do
    local number = redis.call('HGET', KEYS[1] .. ':' .. entries[at], 'number')
    found[#found + 1] = {entries[at], entries[at + 1], number or '0'}
end
return found
"""
# Notes what was found in a picture, if that is still there. KEYS: picture. ARGV: scene.
_NOTE = (
    "return redis.call('EXISTS', KEYS[1]) == 1 and redis.call('HSET', KEYS[1], 'scene', ARGV[1])"
)
_FORGET = """
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    redis.call('DEL', KEYS[1] .. ':' .. id)
end
redis.call('DEL', KEYS[1])
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A picture that a follower has sent."""

    id: str  # of its message's job
    received: float  # seconds since 1970
    number: int  # among those that came together, from 1; 0 where the picture is gone

    @property
    def is_kept(self) -> bool:
        """Whether the picture itself is there."""
        return self.number > 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One that is kept."""

    data: bytes  # JPEG, as worker.picture prepares it
    scene: str  # what was found in it, as worker.scene writes it; empty for nothing


class Album:
    """Pictures in Redis, a few for each follower, by when their messages came."""

    def __init__(self, connection: redis.Redis, followers: Followers, ttl: int) -> None:
        self._redis = connection
        self._followers = followers
        self._ttl = ttl  # seconds
        self._keep = connection.register_script(_KEEP)
        self._look = connection.register_script(_LOOK)
        self._note = connection.register_script(_NOTE)
        self._forget = connection.register_script(_FORGET)

    def keep(self, openid: str, snapshot: Snapshot, picture: bytes) -> None:
        """Remember this picture, and the newest of those before, as far as there is room."""
        key = self._key(openid)
        self._keep(
            keys=[key, f"{key}:{snapshot.id}"],
            args=[
                *(snapshot.id, snapshot.received, snapshot.number),
                *(self._ttl, max(self._ttl, _KNOWN_TTL), MOST, _ROOM, picture),
            ],
        )

    def look(self, openid: str) -> list[Snapshot]:
        """Return the follower's last pictures, the oldest first, also such as are gone by now."""
        found: Any = self._look(keys=[self._key(openid)])
        return [
            Snapshot(id=id_.decode(), received=float(received), number=int(number))
            for id_, received, number in found
        ]

    def get(self, openid: str, id_: str) -> Picture | None:
        """Return a picture; None where it is gone."""
        found: Any = self._redis.hmget(f"{self._key(openid)}:{id_}", "picture", "scene")
        data, scene = found
        return Picture(data=data, scene=(scene or b"").decode()) if data else None

    def note(self, openid: str, id_: str, scene: str) -> None:
        """Keep with a picture what was found in it."""
        self._note(keys=[f"{self._key(openid)}:{id_}"], args=[scene])

    def forget(self, openid: str) -> None:
        """Delete the pictures, and that there were any."""
        self._forget(keys=[self._key(openid)])

    def _key(self, openid: str) -> str:
        return f"kantu:pictures:{self._followers.alias(openid)}"
