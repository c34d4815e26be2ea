"""Jobs that failed, and another chance for those whose followers have no answer.

no outcome            -> queued again: whoever claims the message first answers it, once
apologised            -> queued again as if it were new: the answer comes after the apology
any other outcome, or
a job that is not ours -> left alone
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from redis.client import Pipeline
from redis.exceptions import WatchError
from rq import Queue
from rq.job import Job, JobStatus

from app.admin import messages
from contract.job import ANSWER, ATTEMPTS
from contract.outcome import Outcome, SendClaim

PAGE = 25  # jobs
_ALL = 1000  # jobs that are queued again at once
_OLD = ("outcome", "sent", "claimed", "reason")  # notes of what is to be done anew


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A job that failed."""

    line: messages.Line
    error: str  # what the last attempt said, in one line
    may_requeue: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of them, the latest first."""

    failures: Sequence[Failure]
    total: int
    number: int  # of this page, from 1
    pages: int


class Failed:
    """The failed jobs of the queue; methods raise redis.RedisError."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._redis = queue.connection
        self._key = queue.failed_job_registry.key
        self._claim = SendClaim(queue.connection)

    def page(self, number: int) -> Page:
        """Return a page of them; the last one where there are not so many."""
        total = int(self._redis.zcard(self._key))
        pages = max(1, -(-total // PAGE))
        number = min(max(number, 1), pages)
        start = (number - 1) * PAGE
        ids = self._ids(start, start + PAGE - 1)
        failures = [_failure(job) for job in self._fetch(ids) if job]
        return Page(failures=failures, total=total, number=number, pages=pages)

    def requeue(self, job_id: str) -> bool:
        """Give one another chance; return False where it may have none, or has it already."""
        job = messages.fetch(self._redis, job_id)
        return job is not None and self._requeue(job)

    def requeue_all(self) -> int:
        """Give every one that may have it another chance; return how many there were."""
        jobs = self._fetch(self._ids(0, _ALL - 1))
        return sum(self._requeue(job) for job in jobs if job)

    def _ids(self, start: int, end: int) -> list[str]:
        found: Any = self._redis.zrevrange(self._key, start, end)
        return [each.decode() for each in found]

    def _fetch(self, ids: list[str]) -> list[Job | None]:
        if not ids:
            return []
        return Job.fetch_many(ids, self._redis, serializer=self._queue.serializer)

    def _requeue(self, job: Job) -> bool:
        with self._redis.pipeline() as pipeline:
            try:
                # Whoever else has it queued meanwhile, or gives it an outcome, changes the job.
                pipeline.watch(job.key)  # type: ignore[no-untyped-call]  # redis-py's
                job.refresh()  # type: ignore[no-untyped-call]  # RQ's
                if not may_requeue(job):
                    return False
                pipeline.multi()
                self._begin_anew(job, pipeline)
                pipeline.execute()
            except WatchError:
                return False
        return True

    def _begin_anew(self, job: Job, pipeline: Pipeline) -> None:
        if "outcome" in job.meta:
            self._claim.forget(pipeline, job.id)
            job.meta = {name: value for name, value in job.meta.items() if name not in _OLD}
        pipeline.zrem(self._key, job.id)
        job.retries_left, job.started_at, job.ended_at = ATTEMPTS - 1, None, None
        self._queue.enqueue_job(job, pipeline=pipeline)


def may_requeue(job: Job) -> bool:
    """Return whether another attempt can do its follower good."""
    is_ours = job.func_name == ANSWER
    is_open = job.meta.get("outcome") in {None, Outcome.APOLOGISED}
    return is_ours and is_open and job.get_status(refresh=False) == JobStatus.FAILED


def _failure(job: Job) -> Failure:
    result = job.latest_result()
    error = (result.exc_string or "") if result else ""
    return Failure(
        line=messages.line_of(job),
        error=error.strip().rpartition("\n")[2],
        may_requeue=may_requeue(job),
    )
