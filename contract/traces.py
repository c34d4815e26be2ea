"""Which jobs are a follower's, so that they can be deleted when the follower asks for it."""

from __future__ import annotations

from typing import Any

from redis.client import Pipeline
from rq import Queue
from rq.executions import ExecutionRegistry
from rq.job import Job, JobStatus

from contract.follower import Followers
from contract.job import FAILURE_TTL

_PREFIX = "kantu:traces:"
_ENDED = {JobStatus.FINISHED, JobStatus.FAILED}


class Traces:
    """A set of job ids for each follower; no longer kept than the jobs."""

    def __init__(self, queue: Queue, followers: Followers) -> None:
        self._queue = queue
        self._followers = followers

    def note(self, pipeline: Pipeline, openid: str, job_id: str) -> None:
        """Have a pipeline note whose job it is."""
        key = self._key(openid)
        pipeline.sadd(key, job_id)
        pipeline.expire(key, FAILURE_TTL)

    def of(self, alias: str) -> list[str]:
        """Return the jobs of the follower with that alias, in no order; some may be gone."""
        found: Any = self._queue.connection.smembers(f"{_PREFIX}{alias}")
        return [each.decode() for each in found]

    def forget(self, openid: str) -> None:
        """Delete a follower's jobs; those without an outcome come to one, and go with their TTL."""
        connection = self._queue.connection
        found: Any = connection.smembers(self._key(openid))
        ids = [each.decode() for each in found]
        jobs = Job.fetch_many(ids, connection, serializer=self._queue.serializer) if ids else []
        for job in jobs:
            if job and "outcome" in job.meta and job.get_status(refresh=False) in _ENDED:
                # RQ would ask for executions whose records have run out, and delete nothing.
                connection.delete(ExecutionRegistry(job.id, connection).key)
                job.delete()
        connection.delete(self._key(openid))

    def _key(self, openid: str) -> str:
        return f"{_PREFIX}{self._followers.alias(openid)}"
