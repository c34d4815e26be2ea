"""What the product noted about a message: its steps and their times, the model, the outcome."""

from __future__ import annotations

from typing import Any

import redis
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer

from contract.connection import connect
from contract.job import ATTEMPTS, ImageJob
from contract.settings import Settings
from contract.steps import durations

_SHOWN = ("model", "outcome", "reason")


class Traces:
    """Reads RQ's jobs, and nothing else of the product."""

    def __init__(self, settings: Settings) -> None:
        self._redis = connect(settings)

    def read(self, follower: str, message: str, created: int) -> dict[str, Any]:
        """Return the job's status, notes and steps so far, each with its seconds, in their order.

        An empty dictionary where there is no job.
        """
        job_id = ImageJob(
            follower=follower, message_id=message, created=created, received=0, language="zh"
        ).id
        try:
            job = Job.fetch(job_id, self._redis, serializer=JSONSerializer)
        except (NoSuchJobError, redis.RedisError):
            return {}
        facts = {key: job.meta[key] for key in _SHOWN if key in job.meta}
        received = float(job.kwargs["received"])
        return {
            "job": job_id,
            "status": job.get_status(refresh=False),
            "received": received,
            "steps": list(durations(received, job.meta).items()),
            "attempt": ATTEMPTS - (job.retries_left or 0),
            "reply": job.meta.get("reply", {}),
            **facts,
        }
