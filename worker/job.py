"""The life of a job: from a picture in WeChat to a sentence on a phone.

    fetch ──> prepare ──> ask the model ──> save the reply ──> deliver it (worker.delivery)
    └── worker.pictures, worker.questions ──┘

A second attempt starts where the reply was saved: it does not ask the model again. Where no attempt
is left, reconcile apologises.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import redis
from rq import get_current_job
from rq.job import Job

from contract import logs, tally
from contract.job import ImageJob
from contract.outcome import Outcome
from labels import phrase
from worker import metrics, pictures, questions
from worker.delivery import deliver, note, save_reply, saved_reply
from worker.errors import AnswerError
from worker.post import Reply
from worker.services import SERVICES, Services


@metrics.attempt()
def answer(**fields: object) -> str:
    """Answer one message; return its outcome, or that it waits for its turn.

    Raises AnswerError where another try may help.
    """
    job, services = get_current_job(), SERVICES.get()
    if job is None:
        raise RuntimeError("answer() is for RQ to call")
    if "outcome" in job.meta:  # a worker died between that and RQ's own record
        return str(job.meta["outcome"])
    logs.begin(str(job.meta.get("request", "")))
    # A newer webhook's job is not half understood: a newer worker may take the next attempt.
    message = ImageJob(**fields)  # type: ignore[arg-type]  # what the webhook put there
    note(job, received=message.received)
    note(job, **{"retried" if "started" in job.meta else "started": time.time()})
    with _counted(job):
        reply = saved_reply(job) or _find_reply(job, message, services)
        save_reply(job, reply)
        return deliver(job, reply, services)


@contextlib.contextmanager
def _counted(job: Job) -> Iterator[None]:
    """Have the admin pages know of an attempt that failed."""
    try:
        yield
    except Exception as error:
        _count(job, error)
        raise


def _count(job: Job, error: Exception) -> None:
    # Redis may be what failed; then there is nobody to tell.
    with contextlib.suppress(redis.RedisError):
        tally.count_error(job.connection, metrics.kind_of(error), time.time())


def _find_reply(job: Job, message: ImageJob, services: Services) -> Reply:
    try:
        return _look(job, message, services)
    except AnswerError as error:
        if error.retry:
            raise
        note(job, reason=str(error))
        _count(job, error)
        text = phrase(message.language, error.phrase, **error.blanks)
        return Reply(text=text, outcome=Outcome.APOLOGISED)


def _look(job: Job, message: ImageJob, services: Services) -> Reply:
    look = pictures.look if message.media_id else questions.look
    return look(job, message, services)
