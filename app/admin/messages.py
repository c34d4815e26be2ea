"""What the job of a message tells about it (docs/decisions/0004-job.md); never what was said."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import redis
from rq.exceptions import DeserializationError, NoSuchJobError
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer
from rq.utils import utcparse

from contract.follower import Followers
from contract.job import ANSWER, ATTEMPTS
from contract.steps import durations

_FIELDS = ("description", "status", "created_at", "meta")
_OVER = {JobStatus.FINISHED, JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A message in a list."""

    id: str  # of its job
    kind: str  # picture or question
    outcome: str  # empty: none yet
    status: str  # RQ's own word
    received: float  # seconds since 1970
    took: float | None  # seconds from the webhook to the outcome; None: it has none
    model: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A part of the time that a message took."""

    name: str
    began: float  # seconds after it was received
    seconds: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Everything about one message."""

    line: Line
    steps: Sequence[Step]
    waits: float | None  # seconds that it has been without an outcome; None: it has one
    attempts: int
    reason: str
    follower: str  # the alias; empty where the job is of another making
    request: str  # the id of the request that brought it
    error: str  # of the last attempt that failed

    @property
    def whole(self) -> float:
        """Seconds that its drawing covers."""
        return max([0.001, self.waits or 0, *(each.began + each.seconds for each in self.steps)])


def lines(connection: redis.Redis, ids: Iterable[str]) -> list[Line]:
    """Return messages in that order, without those that are gone; one trip."""
    asked = list(ids)
    with connection.pipeline(transaction=False) as pipeline:
        for job_id in asked:
            pipeline.hmget(Job.key_for(job_id), *_FIELDS)
        answers: list[Any] = pipeline.execute()
    found = zip(asked, answers, strict=True)
    return [_line(job_id, fields) for job_id, fields in found if fields[1]]


def _line(job_id: str, fields: Sequence[bytes | None]) -> Line:
    description, status, created, notes = fields
    meta = _notes(notes)
    began = utcparse(created.decode()).timestamp() if created else time.time()
    return _as_line(job_id, (description or b"").decode(), (status or b"").decode(), began, meta)


def _as_line(job_id: str, kind: str, status: str, created: float, meta: Mapping[str, Any]) -> Line:
    received = float(meta.get("received", created))
    sent = meta.get("sent") if "outcome" in meta else None
    return Line(
        id=job_id,
        kind=kind,
        outcome=str(meta.get("outcome", "")),
        status=status,
        received=received,
        took=None if sent is None else max(0.0, float(sent) - received),
        model=str(meta.get("model", "")),
    )


def _notes(text: bytes | None) -> dict[str, Any]:
    try:
        found = json.loads(text or b"{}")
    except ValueError:  # of another making
        return {}
    return found if isinstance(found, dict) else {}


def fetch(connection: redis.Redis, job_id: str) -> Job | None:
    """Return a job; None where there is none. Raises redis.RedisError."""
    try:
        return Job.fetch(job_id, connection, serializer=JSONSerializer)
    except NoSuchJobError:
        return None


def line_of(job: Job) -> Line:
    """Return what a list shows of a job."""
    status = job.get_status(refresh=False).value
    return _as_line(job.id, job.description or "", status, job.created_at.timestamp(), job.meta)


def trace(job: Job, followers: Followers) -> Trace:
    """Return what a job tells."""
    now, status, line = time.time(), job.get_status(refresh=False), line_of(job)
    result = job.latest_result() if status == JobStatus.FAILED else None
    return Trace(
        line=line,
        steps=_steps(line.received, job.meta),
        waits=None if line.outcome or status in _OVER else now - line.received,
        attempts=_attempts(job),
        reason=str(job.meta.get("reason", "")),
        follower=_follower(job, followers),
        request=str(job.meta.get("request", "")),
        error=(result.exc_string or "") if result else "",
    )


def _steps(received: float, meta: Mapping[str, Any]) -> list[Step]:
    steps, began = list[Step](), 0.0
    for name, seconds in durations(received, meta).items():
        steps.append(Step(name=name, began=began, seconds=seconds))
        began += seconds
    return steps


def _attempts(job: Job) -> int:
    if "started" not in job.meta and "outcome" not in job.meta:
        return 0
    return ATTEMPTS - (job.retries_left or 0)


def _follower(job: Job, followers: Followers) -> str:
    try:
        return followers.alias(job.kwargs["follower"]) if job.func_name == ANSWER else ""
    except (AttributeError, DeserializationError, KeyError, TypeError):
        return ""
