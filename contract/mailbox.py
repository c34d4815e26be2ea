"""Answers that could not be pushed to a follower: they head the reply to their next message."""

from __future__ import annotations

import json
from typing import Any

import redis
from redis.client import Pipeline

from contract.follower import Followers
from contract.text import split

_TTL = 7 * 24 * 3600  # seconds
_GIVEN_TTL = 60  # seconds; WeChat delivers a message again within 15, and gets the same reply
_ROOM = 1500  # bytes of UTF-8; a passive reply holds 2048, and may have words of its own
_MOST_PARTS = 9  # of one answer


class Mailbox:
    """A hash for each follower: by job, when its message was received, which part, what to say."""

    def __init__(self, connection: redis.Redis, followers: Followers) -> None:
        self._redis = connection
        self._followers = followers

    def put(self, openid: str, job_id: str, received: float, text: str) -> None:
        """Keep an answer; putting the same job's again changes nothing."""
        key, parts = self._key(openid), split(text, _ROOM)[:_MOST_PARTS]
        with self._redis.pipeline() as pipeline:
            for number, part in enumerate(parts):
                entry = json.dumps([received, number, part])
                pipeline.hset(key, _field(job_id, number), entry)
            pipeline.expire(key, _TTL)
            pipeline.execute()

    def look(self, pipeline: Pipeline, openid: str, message_id: str) -> None:
        """Have a pipeline find whether something is kept, and whether this message was given it."""
        pipeline.exists(self._key(openid))
        pipeline.exists(self._given(openid, message_id))

    def take(self, openid: str, message_id: str) -> str:
        """Return what to say with the reply to this message, the earliest first; empty for nothing.

        What is too long for one reply stays for the next.
        """
        key, given = self._key(openid), self._given(openid, message_id)

        def move(pipeline: Pipeline) -> str:
            before: Any = pipeline.get(given)
            kept: Any = pipeline.hgetall(key)
            pipeline.multi()
            if before:
                return str(before.decode())
            chosen = _that_fit(kept)
            if not chosen:
                return ""
            text = "\n\n".join(chosen.values())
            pipeline.hdel(key, *chosen)
            pipeline.set(given, text, ex=_GIVEN_TTL)
            return text

        taken = self._redis.transaction(move, key, given, value_from_callable=True)  # type: ignore[arg-type]  # redis-py forgets the value
        return str(taken)

    def withdraw(self, openid: str, job_id: str) -> None:
        """Take an answer out again."""
        fields = [_field(job_id, number) for number in range(_MOST_PARTS)]
        self._redis.hdel(self._key(openid), *fields)

    def forget(self, openid: str) -> None:
        """Delete what is kept for a follower."""
        self._redis.delete(self._key(openid))

    def _key(self, openid: str) -> str:
        return f"kantu:mailbox:{self._followers.alias(openid)}"

    def _given(self, openid: str, message_id: str) -> str:
        return f"{self._key(openid)}:given:{message_id}"


def _field(job_id: str, number: int) -> str:
    return f"{job_id}:{number}" if number else job_id


def _that_fit(kept: dict[bytes, bytes]) -> dict[str, str]:
    """Return the earliest answers that one reply has room for, by job; one at least."""
    entries = sorted((json.loads(value), job_id.decode()) for job_id, value in kept.items())
    chosen, room = dict[str, str](), _ROOM
    for (*_, text), job_id in entries:
        room -= len(text.encode())
        if chosen and room < 0:
            break
        chosen[job_id] = text
    return chosen
