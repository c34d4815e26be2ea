"""From a reply to its one outcome: in turn, claimed, sent, recorded.

A reply that is ready before its turn stays in its job, which ends as WAITING. The message before it
sends it as well; should that one die, the reconciler does.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import time
from collections.abc import Iterator, Mapping

import redis
from rq.exceptions import DeserializationError
from rq.job import Job

from contract import logs, tally
from contract.job import ATTEMPTS, FAILURE_TTL, ImageJob
from contract.outcome import Outcome
from contract.steps import durations
from contract.turns import Place
from labels import phrase
from worker import metrics
from worker.errors import AnswerError, SendBroken, WeChatClosed, WeChatParked, WeChatRefused
from worker.insistence import insist
from worker.post import Reply
from worker.services import Services

logger = logging.getLogger(__name__)
WAITING = "waiting"
# Seconds; a claim without an outcome for longer means a death while sending. WeChat's answer takes
# up to 13, and what is insisted on (worker.insistence) 6 before it and 24 after it.
_LONGEST_SEND = 45
# What reading a job of another making may raise.
_FOREIGN = (AttributeError, DeserializationError, KeyError, TypeError, ValueError)


def save_reply(job: Job, reply: Reply) -> None:
    """Keep the reply that an attempt has found: no other need look."""
    job.meta["reply"] = dataclasses.asdict(reply)
    job.save_meta()


def saved_reply(job: Job) -> Reply | None:
    """Return the reply that an attempt has found, or None."""
    saved = job.meta.get("reply")
    return Reply(**{**saved, "outcome": Outcome(saved["outcome"])}) if saved else None


def deliver(job: Job, reply: Reply, services: Services, *, in_turn: bool = True) -> str:
    """Send the reply to a message, then those that it held up; return its outcome, or WAITING.

    Raises AnswerError where it certainly was not sent and another try may help.
    """
    message = ImageJob.known(job.kwargs)
    place = services.turns.place(message.follower, message.turn)
    if in_turn and any(_is_open(job, turn) for turn in place.ahead):
        return _wait(job, services)
    outcome = _send(job, message, _numbered(reply, place, message), services)
    if outcome != WAITING:
        _hand_on(job, message, services)
    return outcome


def _wait(job: Job, services: Services) -> str:
    services.waiting.add(job.id)
    job.result_ttl = FAILURE_TTL  # it ends for RQ, but must not be forgotten before its turn
    return WAITING


def _is_open(job: Job, turn: str) -> bool:
    ahead = _fetch(job, turn)
    return ahead is not None and "outcome" not in ahead.meta


def _fetch(job: Job, turn: str) -> Job | None:
    """Return another job, by its turn; None where it is gone."""
    ids = [turn.partition(":")[2]]
    return Job.fetch_many(ids, job.connection, serializer=job.serializer)[0]


def _numbered(reply: Reply, place: Place, message: ImageJob) -> Reply:
    """Return the reply as one of a handful; only the last of these is followed by choices."""
    if not place.number:
        return reply
    text = phrase(message.language, "numbered", number=place.number, answer=reply.text)
    return dataclasses.replace(reply, text=text, model=reply.model if place.last else "")


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
    message = ImageJob.known(job.kwargs)
    place = services.turns.place(message.follower, message.turn)
    try:
        return _send(job, message, _numbered(reply, place, message), services) != WAITING
    except AnswerError as error:
        logger.warning("job=%s waits on: %s", job.id, error)
        return False


def _send(job: Job, message: ImageJob, reply: Reply, services: Services) -> str:
    closed = services.post.closed()  # before the claim: what fails here was certainly not sent
    mark = services.claim.mark()
    if not insist(lambda: services.claim.take(job.id, mark)):
        return _claimed(job, message, reply, services)
    note(job, claimed=time.time())
    try:
        if closed:
            raise closed
        services.post.push(message, reply)
    except SendBroken as error:
        return _unknown(job, message, reply, services, str(error))
    # The claim stays with a job that has its outcome: who dies on the way to it leaves no second.
    except (WeChatParked, WeChatClosed) as error:
        services.post.park(message, reply)
        return record(job, Outcome.PARKED, services, str(error))
    except WeChatRefused as error:
        return record(job, Outcome.DROPPED, services, str(error))
    except AnswerError:
        insist(lambda: services.claim.release(job.id, mark))
        raise
    outcome = record(job, reply.outcome, services)
    services.post.send_picture(message, reply)  # who dies over it has told the answer
    return outcome


def _claimed(job: Job, message: ImageJob, reply: Reply, services: Services) -> str:
    """Say what it means that somebody has the claim: is sending just now, or died while sending."""
    found = services.claim.look(job.id)
    if isinstance(found, Outcome):
        return _known(job, found)
    if found < _LONGEST_SEND:
        return _wait(job, services)
    return _unknown(job, message, reply, services, "an earlier attempt died while sending")


def _known(job: Job, outcome: Outcome) -> str:
    """Return the outcome that another has recorded, and see that it stands in the job.

    An attempt that knew nothing of it may have saved its own notes over those that had it.
    """
    if "outcome" not in job.get_meta():
        note(job, outcome=str(outcome))
        job.save_meta()
    return str(outcome)


def _unknown(job: Job, message: ImageJob, reply: Reply, services: Services, reason: str) -> str:
    text = phrase(message.language, "perhaps_repeated", answer=reply.text)
    services.post.park(message, dataclasses.replace(reply, text=text, model=""))
    return record(job, Outcome.UNKNOWN, services, reason)


def note(job: Job, **facts: object) -> None:
    """Keep what happened where admins can read it; times in seconds since 1970 (contract.steps)."""
    job.meta.update(facts)


@contextlib.contextmanager
def noted(job: Job, end: str) -> Iterator[None]:
    """Note when a step has ended, well or not."""
    try:
        yield
    finally:
        note(job, **{end: time.time()})


def record(job: Job, outcome: Outcome, services: Services, reason: str = "") -> str:
    """Keep in the job, log and count how its message ended; return that."""
    note(job, outcome=str(outcome), sent=time.time())
    if reason:
        note(job, reason=reason)
    steps = durations(_received(job), job.meta)
    try:
        _keep(job, outcome, services, steps)
    except redis.RedisError:  # it may be counted already, and is not counted twice
        insist(lambda: _keep(job, outcome, services))
    metrics.count_message(outcome, steps)
    _say(job, outcome, services, steps)
    return str(outcome)


def _keep(
    job: Job, outcome: Outcome, services: Services, counted: Mapping[str, float] | None = None
) -> None:
    """Write down in one trip how it ended; count it, too, if its steps are given."""
    with job.connection.pipeline(transaction=False) as pipeline:
        # The claim first: who comes late looks there, for each attempt writes meta as a whole.
        services.claim.close(pipeline, job.id, outcome)
        pipeline.hset(job.key, "meta", bytes(job.serializer.dumps(job.meta)))
        if counted is not None:
            tally.count_message(pipeline, job.id, str(outcome), counted, time.time())
        pipeline.execute()


def _say(job: Job, outcome: Outcome, services: Services, steps: dict[str, float]) -> None:
    """Say it in one line, which may be about another message than this thread's own."""
    fields: dict[str, object] = {
        "job": job.id,
        "outcome": str(outcome),
        "model": job.meta.get("model", "-"),
        "attempt": ATTEMPTS - (job.retries_left or 0),
        "follower": _follower(job, services),
        "ms": round(1000 * sum(steps.values())),
        **{f"{step}_ms": round(1000 * seconds) for step, seconds in steps.items()},
    }
    if reason := job.meta.get("reason"):
        fields["reason"] = reason
    level = logging.WARNING if outcome in {Outcome.UNKNOWN, Outcome.DROPPED} else logging.INFO
    line = " ".join(f"{name}={value}" for name, value in fields.items())
    request = str(job.meta.get("request", ""))
    with logs.about(request):
        logger.log(level, "%s", line, extra={"fields": fields})
    services.telemetry.tell(request, _received(job), steps, fields)


def _received(job: Job) -> float:
    try:
        return float(job.kwargs["received"])
    except _FOREIGN:
        return float(job.meta["sent"])


def _follower(job: Job, services: Services) -> str:
    try:
        return services.followers.alias(job.kwargs["follower"])
    except _FOREIGN:
        return "-"
