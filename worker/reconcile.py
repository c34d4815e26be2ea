"""Failed jobs that have no outcome get one: their reply if it was found, else an apology.

A job that cannot even be apologised for is dropped with the reason: it holds up no other.
RQ's own on_failure callback is not used: it is called after every attempt, not at all for some
deaths, and by whoever reads a registry.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import redis
from redis.exceptions import LockError
from rq import Queue
from rq.job import Job

from contract.outcome import Outcome
from labels import phrase
from worker.errors import AnswerError
from worker.job import Services, deliver, record, saved_reply

logger = logging.getLogger(__name__)
_PAUSE = 30  # seconds without a try after WeChat would not take one
_LOCK = "kantu:reconcile"
_LOCK_TTL = 60  # seconds; longer than the longest send


class Reconciler:
    """Goes through the failed jobs of a queue now and then; one process at a time does."""

    def __init__(self, queue: Queue, services: Services) -> None:
        self._queue = queue
        self._services = services
        self._not_before = 0.0
        self._ended = set[str]()  # failed jobs that have their outcome: not to be read again

    def run(self) -> None:
        """Give every failed job without an outcome its reply; stop where WeChat is away."""
        if time.monotonic() < self._not_before:
            return
        failed = set(self._queue.failed_job_registry.get_job_ids(cleanup=False))
        self._ended &= failed
        if not failed > self._ended:
            return
        lock = self._queue.connection.lock(_LOCK, timeout=_LOCK_TTL, blocking=False)
        try:
            with lock:
                self._settle_all(sorted(failed - self._ended), lock.reacquire)
        except LockError:
            return  # another process is at it

    def _settle_all(self, ids: list[str], keep_lock: Callable[[], object]) -> None:
        connection, serializer = self._queue.connection, self._queue.serializer
        jobs = Job.fetch_many(ids, connection, serializer=serializer)
        for job_id, job in zip(ids, jobs, strict=True):
            keep_lock()
            try:
                if job is not None and "outcome" not in job.meta:
                    self._settle(job)
            except AnswerError as error:
                logger.error("job=%s cannot be told of its failure yet: %s", job_id, error)
                self._not_before = time.monotonic() + _PAUSE
                return
            self._ended.add(job_id)

    def _settle(self, job: Job) -> None:
        """Give it an outcome; raise AnswerError where a later try may do better."""
        try:
            apology = phrase(job.kwargs["language"], "apology")
            deliver(job, saved_reply(job) or (apology, Outcome.APOLOGISED), self._services)
        except redis.RedisError:
            raise
        except AnswerError as error:
            if error.retry:
                raise
            record(job, Outcome.DROPPED, str(error))
        except Exception as error:  # noqa: BLE001  # a job of another making, or damaged
            record(job, Outcome.DROPPED, f"cannot be apologised for: {type(error).__name__}")
