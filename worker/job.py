"""The life of a job: from a picture in WeChat to a sentence on a phone.

    fetch ──> prepare ──> ask the model ──> save the reply ──> deliver it (worker.delivery)

A second attempt starts where the reply was saved: it does not ask the model again. Where no attempt
is left, reconcile apologises.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from rq import get_current_job
from rq.job import Job

from contract.job import PICTURE, ImageJob
from contract.outcome import Outcome
from labels import phrase
from worker import metrics
from worker import reply as words
from worker.delivery import deliver, note, save_reply, saved_reply
from worker.errors import AnswerError, NoPicture
from worker.picture import prepare
from worker.post import Reply
from worker.services import SERVICES, Services

_PICTURE_PATIENCE = 5  # seconds that a question waits for the picture before it
_LOOK = 0.05  # seconds


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
    message = ImageJob(**fields)  # type: ignore[arg-type]  # what the webhook put there
    note(job, received=message.received)
    note(job, **{"retried" if "started" in job.meta else "started": time.time()})
    reply = saved_reply(job) or _find_reply(job, message, services)
    save_reply(job, reply)
    return deliver(job, reply, services)


def _find_reply(job: Job, message: ImageJob, services: Services) -> Reply:
    try:
        return _look(job, message, services)
    except AnswerError as error:
        if error.retry:
            raise
        note(job, reason=str(error))
        return Reply(text=phrase(message.language, error.phrase), outcome=Outcome.APOLOGISED)


def _look(job: Job, message: ImageJob, services: Services) -> Reply:
    if not message.media_id:
        with _noted(job, "fetched"):
            _await_picture(message, services)
            picture = services.album.last(message.follower)
        if picture is None:
            raise NoPicture("a question, but the album is empty")
        note(job, model=services.settings.vqa_model)
        with _noted(job, "seen"):
            text = services.answerer.ask(picture, message.question)
        return words.answer(text, message.language, services.settings.vqa_model)
    with _noted(job, "fetched"):
        data = services.wechat.fetch_picture(message.media_id, message.picture_url)
    with _noted(job, "prepared"):
        pictures = prepare(data, round(services.settings.classifier_input / 0.875))
        if services.settings.vqa_model:  # else nobody could ask about it
            _keep(message, pictures.large, services)
    note(job, model=services.settings.classifier_model)
    with _noted(job, "seen"):
        guesses = services.classifier.classify(pictures.small)
    return words.describe(guesses, message.language, services.settings.classifier_model)


def _keep(message: ImageJob, picture: bytes, services: Services) -> None:
    """Keep the picture for a question; nothing of a follower who has left meanwhile."""
    services.album.keep(message.follower, picture)
    if services.followers.has_left(message.follower, since=message.received):
        services.album.forget(message.follower)


@contextlib.contextmanager
def _noted(job: Job, end: str) -> Iterator[None]:
    """Note when a step has ended, well or not."""
    try:
        yield
    finally:
        note(job, **{end: time.time()})


def _await_picture(message: ImageJob, services: Services) -> None:
    """Let the picture that came before a question be seen first."""
    end = time.monotonic() + _PICTURE_PATIENCE
    while time.monotonic() < end:
        ahead = services.turns.place(message.follower, message.turn).ahead
        if not any(turn.startswith(PICTURE) for turn in ahead):
            return
        time.sleep(_LOOK)
