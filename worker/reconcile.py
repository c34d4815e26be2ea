"""Messages that would stay without an outcome get one.

Failed jobs: their reply if it was found, else an apology; one that cannot even be apologised for is
dropped with the reason, and holds up no other. Replies whose turn never came: sent out of turn.
RQ's own on_failure callback is not used: it is called after every attempt, not at all for some
deaths, and by whoever reads a registry.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

import redis
from redis.exceptions import LockError
from rq import Queue
from rq.job import Job

from contract.outcome import Outcome
from labels import phrase
from worker.delivery import deliver, record, saved_reply
from worker.errors import AnswerError, RedisAway
from worker.post import Reply
from worker.services import Services

logger = logging.getLogger(__name__)
_PAUSE = 30  # seconds without a try after WeChat would not take one
_LOCK = "kantu:reconcile"
# Seconds for which who dies over it holds up the others. Should a send take longer, two go through
# the jobs for a moment: claims see that none is answered twice.
_LOCK_TTL = 15
_SETTLED_BY_OTHERS = 5  # seconds: until then the message before it is expected to send it
_PATIENCE = 20  # seconds that a reply waits for its turn


class Reconciler:
    """Goes through the jobs of a queue now and then; one process at a time does."""

    def __init__(self, queue: Queue, services: Services) -> None:
        self._queue = queue
        self._services = services
        self._not_before = 0.0
        self._ended = set[str]()  # failed jobs that have their outcome: not to be read again

    def run(self) -> None:
        """Settle what can be settled; stop where WeChat is away."""
        if time.monotonic() < self._not_before:
            return
        # In the order in which they failed: who has waited longest comes first.
        failed = self._queue.failed_job_registry.get_job_ids(cleanup=False)
        self._ended &= set(failed)
        unsettled = [job_id for job_id in failed if job_id not in self._ended]
        waiting = self._services.waiting.longer_than(_SETTLED_BY_OTHERS)
        if not unsettled and not waiting:
            return
        lock = self._queue.connection.lock(_LOCK, timeout=_LOCK_TTL, blocking=False)
        try:
            with lock:
                self._settle_waiting(waiting, lock.reacquire)
                self._settle_failed(unsettled, lock.reacquire)
        except (LockError, RedisAway):
            return  # another process is at it, or Redis is back at the next look
        except AnswerError:
            self._not_before = time.monotonic() + _PAUSE

    def _settle_failed(self, ids: Sequence[str], keep_lock: Callable[[], object]) -> None:
        for job_id, job in zip(ids, self._fetch(ids), strict=True):
            keep_lock()
            if job is not None and "outcome" not in job.meta:
                self._settle(job, in_turn=False)
            if job is None or "outcome" in job.meta:  # else somebody else has its claim for now
                self._ended.add(job_id)

    def _settle_waiting(self, waited: dict[str, float], keep_lock: Callable[[], object]) -> None:
        for job_id, job in zip(waited, self._fetch(list(waited)), strict=True):
            keep_lock()
            if job is not None and "outcome" not in job.meta and saved_reply(job):
                self._settle(job, in_turn=waited[job_id] < _PATIENCE)
            if job is not None and "outcome" in job.meta:  # now it is kept no longer than others
                job.connection.expire(job.key, self._services.settings.result_ttl)
            if job is None or "outcome" in job.meta:
                self._services.waiting.remove(job_id)

    def _fetch(self, ids: Sequence[str]) -> list[Job | None]:
        return Job.fetch_many(ids, self._queue.connection, serializer=self._queue.serializer)

    def _settle(self, job: Job, *, in_turn: bool) -> None:
        """Give it an outcome; raise AnswerError where a later try may do better."""
        try:
            reply = saved_reply(job) or Reply(
                text=phrase(job.kwargs["language"], "apology"), outcome=Outcome.APOLOGISED
            )
            deliver(job, reply, self._services, in_turn=in_turn)
        except redis.RedisError:
            raise
        except AnswerError as error:
            logger.error("job=%s has no outcome yet: %s", job.id, error)
            raise
        except Exception as error:  # noqa: BLE001  # a job of another making, or damaged
            reason = f"cannot be apologised for: {type(error).__name__}"
            record(job, Outcome.DROPPED, self._services, reason)
