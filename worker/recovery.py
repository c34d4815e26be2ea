"""Brings back jobs that nobody works on: those of dead workers, lost in transit, due once more.

RQ's own clean-up leaves a lock for a quarter of an hour where it dies, and looks at jobs in transit
after a minute; so its parts are called from here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from redis.client import Pipeline
from rq import Queue
from rq.executions import Execution
from rq.job import Job, JobStatus
from rq.scheduler import RQScheduler
from rq.worker import BaseWorker

RETRY_PAUSES = (1, 4)  # seconds before the second and the third attempt of a job that failed
WORKER_TTL = 20  # seconds; RQ waits for Redis five less, and forgets a worker after sixty more
_IN_TRANSIT = 3  # seconds; a live worker needs milliseconds


class Recovery:
    """Looks after one queue; every worker has one, and they do not disturb each other."""

    def __init__(self, queue: Queue, refusal: Callable[[Job], str | None]) -> None:
        self._queue = queue
        self._refusal = refusal  # why a job is not ours, if so
        self._seen = dict[str, float]()  # job in transit -> when we first saw it there

    def run(self) -> None:
        """Return to the queue what belongs there; raise redis.RedisError."""
        self._disarm_foreign()
        _return_abandoned(self._queue)
        self._queue.failed_job_registry.cleanup()
        self._queue.finished_job_registry.cleanup()
        self._return_the_lost()
        self._queue_due_retries()

    def _disarm_foreign(self) -> None:
        """Fail abandoned jobs that are not ours: the clean-up would call their callbacks."""
        connection, serializer = self._queue.connection, self._queue.serializer
        abandoned = self._queue.started_job_registry.get_expired_job_ids()
        for job in Job.fetch_many(abandoned, connection, serializer) if abandoned else ():
            if job is not None and self._refusal(job):
                job.set_status(JobStatus.FAILED)

    def _return_the_lost(self) -> None:
        """Put back what a worker took and died with before it could begin it."""
        now = time.monotonic()
        here = self._queue.intermediate_queue.get_job_ids()
        self._seen = {job_id: self._seen.get(job_id, now) for job_id in here}
        for job_id, since in self._seen.items():
            if now - since >= _IN_TRANSIT:
                self._put_back(job_id)

    def _put_back(self, job_id: str) -> None:
        transit = self._queue.intermediate_queue_key

        def move(pipeline: Pipeline) -> None:
            there = job_id.encode() in pipeline.lrange(transit, 0, -1)
            pipeline.multi()
            if there:
                pipeline.lrem(transit, 1, job_id)
                self._queue.push_job_id(job_id, pipeline, at_front=True)

        self._queue.connection.transaction(move, transit)

    def _queue_due_retries(self) -> None:
        due = self._queue.scheduled_job_registry.get_jobs_to_schedule()
        if not due:
            return
        scheduler = RQScheduler(
            [self._queue], self._queue.connection, serializer=self._queue.serializer
        )
        if not scheduler.acquire_locks():
            return  # another worker is at it
        try:
            scheduler.enqueue_scheduled_jobs()
        finally:
            scheduler.release_locks()
        for job_id in due:  # should it be abandoned later, it goes back without a pause
            self._queue.connection.hdel(Job.key_for(job_id), "retry_intervals")


def give_back(queue: Queue, executions: Iterable[Execution]) -> None:
    """Return jobs to the queue that will not be finished where they run."""
    with queue.connection.pipeline() as pipeline:
        for execution in executions:
            queue.started_job_registry.add_execution(execution, pipeline, ttl=0, xx=True)
        pipeline.execute()
    _return_abandoned(queue)


def _return_abandoned(queue: Queue) -> None:
    """Have RQ return what is started and has no heartbeat any more; it would pass over a job whose
    worker died, or lost Redis, after it had called it scheduled and before it had scheduled it.
    """
    abandoned = queue.started_job_registry.get_expired_job_ids()
    if not abandoned:
        return
    for job in Job.fetch_many(abandoned, queue.connection, serializer=queue.serializer):
        if job is None or job.get_status(refresh=False) != JobStatus.SCHEDULED:
            continue
        if job not in queue.scheduled_job_registry:
            job.set_status(JobStatus.STARTED)
    queue.started_job_registry.cleanup()


def bury(queue: Queue, name: str) -> int:
    """Give back the jobs of a worker that has died; return how many."""
    dead = BaseWorker(
        [queue], name=name, connection=queue.connection, serializer=queue.serializer,
        prepare_for_work=False, worker_ttl=WORKER_TTL,
    )  # fmt: skip
    executions = dead.get_current_executions(refresh=True)
    give_back(queue, executions)
    dead.register_death()
    return len(executions)
