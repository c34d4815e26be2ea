"""How much one follower, and all together, may send.

Nine pictures at once are normal use. What is over a limit is told so once, kindly, and is no job;
repeats of one message count once.
"""

from __future__ import annotations

import enum
import math
import time
from collections.abc import Callable, Sequence

from redis.client import Pipeline
from rq import Queue

from contract.follower import Followers

PER_MINUTE, PER_DAY = 30, 300  # messages of one follower that need a model
LONGEST_QUEUE = 5000  # messages of everybody; more would be answered too late to help
_MINUTE, _DAY = 60, 24 * 3600  # seconds
_WINDOW = 10  # seconds over which the speed of the workers is measured


class Verdict(enum.StrEnum):
    """What becomes of a message; but for the first two, the key of the sentence that says so."""

    TAKEN = "taken"
    SILENT = "silent"  # over a limit that its follower has been told of
    MINUTE = "too_many_a_minute"
    DAY = "too_many_a_day"
    QUEUE = "queue_is_long"


class Limits:
    """Lists messages in sets that end by themselves, each once, by when it came."""

    ANSWERS = 7  # of Redis to what count() asks

    def __init__(
        self,
        followers: Followers,
        queue: Queue,
        result_ttl: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._followers = followers
        self._queue = queue
        self._result_ttl = result_ttl  # seconds
        self._clock = clock

    def count(self, pipeline: Pipeline, openid: str, message_id: str) -> None:
        """Have a pipeline count a message; its ANSWERS are for judge()."""
        for key, seconds in self._keys(openid):
            pipeline.zadd(key, {message_id: self._clock()}, nx=True)
            pipeline.expire(key, seconds)
            pipeline.zrank(key, message_id)
        pipeline.llen(self._queue.key)

    @staticmethod
    def judge(answers: Sequence[int]) -> Verdict:
        """Return what becomes of the message that was counted."""
        _, _, minute, _, _, day, waiting = answers  # how many of the follower's came before it
        if day >= PER_DAY:
            return Verdict.DAY if day == PER_DAY else Verdict.SILENT
        if minute >= PER_MINUTE:
            return Verdict.MINUTE if minute == PER_MINUTE else Verdict.SILENT
        return Verdict.QUEUE if waiting >= LONGEST_QUEUE else Verdict.TAKEN

    def wait(self) -> int:
        """Return the seconds, in tens, after which those who wait now will be answered."""
        finished = self._queue.finished_job_registry  # by when they end: result_ttl after the job
        now = math.ceil(self._clock()) + self._result_ttl  # or two days, if it waits for its turn
        done = int(self._queue.connection.zcount(finished.key, now - _WINDOW, now))
        return 10 * max(1, math.ceil(self._queue.count * _WINDOW / max(done, 1) / 10))

    def forget(self, openid: str) -> None:
        """Delete the counts of a follower."""
        # Those of the minute and the day before are there for as long again.
        keys = [key for before in (0, 1) for key, _ in self._keys(openid, before)]
        self._queue.connection.delete(*keys)

    def _keys(self, openid: str, before: int = 0) -> list[tuple[str, int]]:
        name, now = f"kantu:count:{self._followers.alias(openid)}", self._clock()
        return [
            (f"{name}:{unit}:{int(now // seconds) - before}", seconds)
            for unit, seconds in (("minute", _MINUTE), ("day", _DAY))
        ]
