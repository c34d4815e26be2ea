"""The job: a picture, and perhaps a question about it. Put into Redis once for each message."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any

import redis
from rq import Queue, Retry
from rq.exceptions import DuplicateJobError
from rq.serializers import JSONSerializer

from contract import logs
from contract.follower import Language

QUEUE = "pictures"
ANSWER = "worker.job.answer"  # named, not imported: the webhook knows nothing of the worker
PICTURE, QUESTION = "picture:", "question:"  # begin a turn
ATTEMPTS = 3
DEADLINE = 60  # seconds for one attempt; every network call in it has a shorter one
FAILURE_TTL = 48 * 3600  # seconds: WeChat lets us write to a follower for that long


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ImageJob:
    """What the worker must know to answer one message."""

    follower: str  # OpenID
    message_id: str  # MsgId
    created: int  # CreateTime, seconds since 1970 by WeChat's clock
    received: float  # seconds since 1970 by ours
    language: Language  # to answer in
    media_id: str = ""  # of the picture; empty: the question is about the last one
    picture_url: str = ""  # PicUrl
    question: str = ""  # empty: say what the picture shows

    @classmethod
    def known(cls, fields: Mapping[str, Any]) -> ImageJob:
        """Return as much of a job as this release knows: a newer webhook may have written more."""
        names = {field.name for field in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in fields.items() if name in names})

    @property
    def id(self) -> str:
        """The same for each delivery of one message, another for every other message.

        MsgId alone has collided between followers; CreateTime makes reuse of an id harmless.
        """
        parts = f"{self.follower}\n{self.message_id}\n{self.created}"
        return hashlib.sha256(parts.encode()).hexdigest()[:32]

    @property
    def turn(self) -> str:
        """The job as it stands in its follower's line (contract.turns)."""
        return f"{PICTURE if self.media_id else QUESTION}{self.id}"


def picture_queue(connection: redis.Redis) -> Queue:
    """Return the queue that the webhook fills and the worker empties."""
    return Queue(QUEUE, connection=connection, serializer=JSONSerializer)


def announce(pipeline: redis.Redis, queue: Queue) -> None:
    """Have a pipeline note that there is this queue: RQ's own tools look for it there."""
    pipeline.sadd(Queue.redis_queues_keys, queue.key)


def enqueue(queue: Queue, job: ImageJob, result_ttl: int) -> bool:
    """Queue the job and return True, or return False where this message was queued before.

    One round trip to Redis. A repeat is known for result_ttl seconds after the answer.
    """
    try:
        queue.enqueue_call(
            ANSWER,
            kwargs={each.name: getattr(job, each.name) for each in dataclasses.fields(job)},
            job_id=job.id,
            unique=True,
            description="question" if job.question else "picture",  # RQ's own would show the OpenID
            timeout=DEADLINE,
            retry=Retry(max=ATTEMPTS - 1),
            result_ttl=result_ttl,
            failure_ttl=FAILURE_TTL,
            meta={"request": logs.request()} if logs.request() else None,
            # Never sent: RQ would make a trip of its own for what announce() does.
            pipeline=queue.connection.pipeline(),
        )
    except DuplicateJobError:
        return False
    return True
