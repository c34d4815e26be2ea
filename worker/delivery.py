"""From a reply to its one outcome: in turn, claimed, sent, recorded.

A reply that is ready before its turn stays in its job, which ends as WAITING. The message before it
sends it as well; should that one die, the reconciler does.
"""

from __future__ import annotations

import logging
import time

from rq.exceptions import DeserializationError
from rq.job import Job

from contract.job import ImageJob
from contract.outcome import Outcome
from labels import phrase
from worker.errors import AnswerError, SendBroken, WeChatClosed, WeChatParked, WeChatRefused
from worker.services import Services

logger = logging.getLogger(__name__)
WAITING = "waiting"
_LONGEST_SEND = 30  # seconds; a claim without an outcome for longer means a death while sending

Reply = tuple[str, Outcome]  # what to tell the follower, and what it is once that is done


def saved_reply(job: Job) -> Reply | None:
    """Return the reply that an attempt has found, or None."""
    saved = job.meta.get("reply")
    return (saved[0], Outcome(saved[1])) if saved else None


def deliver(job: Job, reply: Reply, services: Services, *, in_turn: bool = True) -> str:
    """Send the reply to a message, then those that it held up; return its outcome, or WAITING.

    Raises AnswerError where it certainly was not sent and another try may help.
    """
    message = ImageJob(**job.kwargs)
    place = services.turns.place(message.follower, message.turn)
    if in_turn and any(_is_open(job, turn) for turn in place.ahead):
        services.waiting.add(job.id)
        return WAITING
    outcome = _send(job, message, _numbered(reply, place.number, message), services)
    if outcome != WAITING:
        _hand_on(job, message, services)
    return outcome


def _is_open(job: Job, turn: str) -> bool:
    ahead = _fetch(job, turn)
    return ahead is not None and "outcome" not in ahead.meta


def _fetch(job: Job, turn: str) -> Job | None:
    """Return another job, by its turn; None where it is gone."""
    ids = [turn.partition(":")[2]]
    return Job.fetch_many(ids, job.connection, serializer=job.serializer)[0]


def _numbered(reply: Reply, number: int, message: ImageJob) -> Reply:
    text, outcome = reply
    if not number:
        return reply
    return phrase(message.language, "numbered", number=number, answer=text), outcome


def _hand_on(job: Job, message: ImageJob, services: Services) -> None:
    """Leave the line, and send the replies that waited for that."""
    turn = message.turn
    while still_open := services.turns.leave(message.follower, turn):
        turn = still_open[0]
        following = _fetch(job, turn)
        if following is None or "outcome" in following.meta:
            continue
        if not _send_waiting(following, services):
            return


def _send_waiting(job: Job, services: Services) -> bool:
    """Send the reply of a job that waits, if it has one; return whether the line may go on."""
    reply = saved_reply(job)
    if reply is None:
        return False
    message = ImageJob(**job.kwargs)
    number = services.turns.place(message.follower, message.turn).number
    try:
        return _send(job, message, _numbered(reply, number, message), services) != WAITING
    except AnswerError as error:
        logger.warning("job=%s waits on: %s", job.id, error)
        return False


def _send(job: Job, message: ImageJob, reply: Reply, services: Services) -> str:
    text, outcome = reply
    closed = _sign_in(services)  # before the claim: what fails here was certainly not sent
    if not services.claim.take(job.id):
        return _claimed(job, message, text, services)
    try:
        if closed:
            raise closed
        services.wechat.send_text(message.follower, text)
    except SendBroken as error:
        return _unknown(job, message, text, services, str(error))
    except (WeChatParked, WeChatClosed) as error:
        services.claim.release(job.id)
        services.mailbox.put(message.follower, job.id, message.received, text)
        return record(job, Outcome.PARKED, str(error))
    except WeChatRefused as error:
        services.claim.release(job.id)
        return record(job, Outcome.DROPPED, str(error))
    except AnswerError:
        services.claim.release(job.id)
        raise
    return record(job, outcome)


def _sign_in(services: Services) -> WeChatClosed | None:
    """See to it that messages may go; return why they may not for hours."""
    try:
        services.wechat.sign_in()
    except WeChatClosed as error:
        return error
    return None


def _claimed(job: Job, message: ImageJob, text: str, services: Services) -> str:
    """Say what it means that somebody has the claim: is sending just now, or died while sending."""
    if services.claim.age(job.id) < _LONGEST_SEND:
        services.waiting.add(job.id)
        return WAITING
    if known := job.get_meta().get("outcome"):  # recorded while we were at others
        return str(known)
    return _unknown(job, message, text, services, "an earlier attempt died while sending")


def _unknown(job: Job, message: ImageJob, text: str, services: Services, reason: str) -> str:
    repeat = phrase(message.language, "perhaps_repeated", answer=text)
    services.mailbox.put(message.follower, job.id, message.received, repeat)
    return record(job, Outcome.UNKNOWN, reason)


def note(job: Job, **facts: object) -> None:
    """Keep the times of the steps, in seconds since 1970, where admins can read them."""
    job.meta.update(facts)


def record(job: Job, outcome: Outcome, reason: str = "") -> str:
    """Keep in the job, and log, how its message ended; return that."""
    sent = time.time()
    note(job, outcome=str(outcome), sent=sent)
    if reason:
        note(job, reason=reason)
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
