"""The life of a job: from a picture in WeChat to a sentence on a phone.

    fetch ──> prepare ──> ask the model ──> save the reply ──> claim ──> send ──> outcome

A second attempt starts where the reply was saved: it does not ask the model again. Where no attempt
is left, reconcile apologises.
"""

from __future__ import annotations

import contextvars
import dataclasses
import logging
import time

from rq import get_current_job
from rq.exceptions import DeserializationError
from rq.job import Job

from contract.album import Album
from contract.job import ImageJob
from contract.outcome import Outcome, SendClaim
from contract.settings import Settings
from labels import phrase
from worker import reply as words
from worker.errors import AnswerError, NoPicture, SendBroken, WeChatRefused
from worker.picture import prepare
from worker.vision import Answerer, Classifier
from worker.wechat import WeChat

logger = logging.getLogger(__name__)


Reply = tuple[str, Outcome]  # what to tell the follower, and what it is once that is done


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What a job works with; built once, by main()."""

    settings: Settings
    album: Album
    claim: SendClaim
    wechat: WeChat
    classifier: Classifier
    answerer: Answerer


# RQ calls answer() by its name, with the message and nothing else.
SERVICES: contextvars.ContextVar[Services] = contextvars.ContextVar("services")


def answer(**fields: object) -> str:
    """Answer one message and return its outcome; raise AnswerError where another try may help."""
    job, services = get_current_job(), SERVICES.get()
    if job is None:
        raise RuntimeError("answer() is for RQ to call")
    if "outcome" in job.meta:  # a worker died between that and RQ's own record
        return str(job.meta["outcome"])
    message = ImageJob(**fields)  # type: ignore[arg-type]  # what the webhook put there
    _note(job, received=message.received, started=time.time())
    reply = saved_reply(job) or _find_reply(job, message, services)
    job.meta["reply"] = reply
    job.save_meta()
    return deliver(job, reply, services)


def saved_reply(job: Job) -> Reply | None:
    """Return the reply that an earlier attempt found, or None."""
    saved = job.meta.get("reply")
    return (saved[0], Outcome(saved[1])) if saved else None


def deliver(job: Job, reply: Reply, services: Services) -> str:
    """Send the one reply to a message, record how that ended, and return it.

    Raises AnswerError where it certainly was not sent and another try may help.
    """
    text, outcome = reply
    services.wechat.sign_in()  # before the claim: what fails here was certainly not sent
    if not services.claim.take(job.id):
        return record(job, Outcome.UNKNOWN, "an earlier attempt died while sending")
    try:
        services.wechat.send_text(job.kwargs["follower"], text)
    except SendBroken as error:
        return record(job, Outcome.UNKNOWN, str(error))
    except WeChatRefused as error:
        services.claim.release(job.id)
        if error.errcode not in _FINAL:
            raise
        return record(job, Outcome.DROPPED, str(error))
    except AnswerError:
        services.claim.release(job.id)
        raise
    return record(job, outcome)


_FINAL = frozenset(
    {
        40003,  # no such OpenID
        43004,  # follows us no longer
        43019,  # blocked
        45015,  # has not written for 48 hours
        45047,  # has had the five messages that one of theirs allows
    }
)


def _find_reply(job: Job, message: ImageJob, services: Services) -> Reply:
    try:
        return _look(job, message, services), Outcome.SENT
    except AnswerError as error:
        if error.retry:
            raise
        logger.info("job=%s no answer: %s", job.id, error)
        return phrase(message.language, error.phrase), Outcome.APOLOGISED


def _look(job: Job, message: ImageJob, services: Services) -> str:
    if not message.media_id:
        picture = services.album.last(message.follower)
        if picture is None:
            raise NoPicture("a question, but the album is empty")
        text = services.answerer.ask(picture, message.question)
        _note(job, seen=time.time(), model=services.settings.vqa_model)
        return words.answer(text, message.language)
    data = services.wechat.fetch_picture(message.media_id)
    _note(job, fetched=time.time())
    pictures = prepare(data, round(services.settings.classifier_input / 0.875))
    if services.settings.vqa_model:  # else nobody could ask about it
        services.album.keep(message.follower, pictures.large)
    guesses = services.classifier.classify(pictures.small)
    _note(job, seen=time.time(), model=services.settings.classifier_model)
    return words.describe(guesses, message.language)


def _note(job: Job, **facts: object) -> None:
    """Keep the times of the steps, in seconds since 1970, where admins can read them."""
    job.meta.update(facts)


def record(job: Job, outcome: Outcome, reason: str = "") -> str:
    """Keep in the job, and log, how its message ended; return that."""
    sent = time.time()
    _note(job, outcome=str(outcome), sent=sent)
    if reason:
        _note(job, reason=reason)
    job.save_meta()
    took = 1000 * (sent - _received(job, otherwise=sent))
    level = logging.WARNING if outcome in {Outcome.UNKNOWN, Outcome.DROPPED} else logging.INFO
    logger.log(
        level,
        "job=%s outcome=%s model=%s ms=%.0f%s",
        job.id,
        outcome,
        job.meta.get("model", "-"),
        took,
        f" reason={reason}" if reason else "",
    )
    return str(outcome)


def _received(job: Job, otherwise: float) -> float:
    try:
        return float(job.kwargs["received"])
    except (DeserializationError, KeyError, TypeError, ValueError):
        return otherwise  # a job of another making
