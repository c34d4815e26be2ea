"""Takes jobs from RQ's queue and begins them, several in one trip to Redis.

    queue ── take() ──> intermediate queue ── begin() ──> started, with a heartbeat to keep up

A job is always in one of the three: whoever dies on the way loses none (worker.recovery).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from redis.client import Pipeline
from rq import Queue
from rq.executions import Execution
from rq.job import Job

_WAIT = 1  # seconds in Redis for a job


class Intake:
    """The way from one queue into a worker."""

    def __init__(self, queue: Queue, largest: int) -> None:
        self._queue = queue
        self._redis = queue.connection
        self._largest = largest
        self._appetite = 1  # grows while the queue is long, so that an empty one is asked for one

    @property
    def queue_is_long(self) -> bool:
        """Whether there were as many jobs as were asked for."""
        return self._appetite > 1

    def take(self, most: int) -> list[str]:
        """Move up to so many jobs into transit, as many as there are; return their ids."""
        asked = min(most, self._appetite)
        with self._redis.pipeline(transaction=False) as pipeline:
            for _ in range(asked):
                pipeline.lmove(self._queue.key, self._queue.intermediate_queue_key)
            ids = [job_id.decode() for job_id in pipeline.execute() if job_id]
        self._appetite = min(2 * asked, self._largest) if len(ids) == asked else max(1, len(ids))
        return ids

    def wait(self) -> list[str]:
        """Wait a second for one job."""
        job_id: Any = self._redis.blmove(self._queue.key, self._queue.intermediate_queue_key, _WAIT)
        return [job_id.decode()] if job_id else []

    def begin(
        self, ids: Sequence[str], worker: str, ttl: int, also: Callable[[Pipeline], None]
    ) -> list[tuple[Job, Execution]]:
        """Record that this worker runs these jobs, and what also adds; leave out deleted ones."""
        if not ids:
            return []
        begun = list[tuple[Job, Execution]]()
        jobs = Job.fetch_many(ids, self._redis, serializer=self._queue.serializer)
        with self._redis.pipeline() as pipeline:
            for job_id, job in zip(ids, jobs, strict=True):
                pipeline.lrem(self._queue.intermediate_queue_key, 1, job_id)
                if job is not None:
                    execution = Execution.create(job, ttl, pipeline, worker_name=worker)
                    job.prepare_for_execution(worker, pipeline)
                    if job.ttl:
                        pipeline.persist(job.key)
                    begun.append((job, execution))
            also(pipeline)
            pipeline.execute()
        return begun
