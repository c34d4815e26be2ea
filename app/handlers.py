"""What to do with each kind of message: one function a kind, and the table HANDLERS."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import MappingProxyType

from app import commands, metrics, question
from app.arrival import Arrival, is_question, look
from app.limits import Verdict
from app.message import Message
from app.services import Services
from contract.job import enqueue
from contract.settings import Settings
from labels import phrase

_THANKS = {"right": "thanks_right", "wrong": "thanks_wrong"}

Handler = Callable[[Arrival, Services], str | None]  # the words to answer at once; None: none yet


def image(arrival: Arrival, services: Services) -> str | None:
    """Let the worker say what the picture shows."""
    return _submit(arrival, services)


def text(arrival: Arrival, services: Services) -> str | None:
    """Take the text as a command, a choice, or a question about the last picture."""
    message, language = arrival.message, arrival.language
    if command := commands.find(message.content):
        return command(arrival, services)
    if arrival.choice and arrival.offer:
        services.feedback.count(arrival.offer, arrival.choice)
        return phrase(language, _THANKS[arrival.choice.verdict])
    if message.menu_id:
        return phrase(language, "choice_expired")
    if arrival.job is None:
        return _decline(arrival, services.settings)
    return _submit(arrival, services)


def _decline(arrival: Arrival, settings: Settings) -> str:
    """Return what to say to a text that nobody is asked."""
    if not is_question(arrival.message, settings):
        return phrase(arrival.language, "looking_only")
    key = question.fault(arrival.message.content, settings) or "looking_only"
    return phrase(arrival.language, key, most=question.LONGEST)


def subscribe(arrival: Arrival, _services: Services) -> str:
    """Greet a new follower."""
    return phrase(arrival.language, "subscribed")


def unsubscribe(arrival: Arrival, services: Services) -> None:
    """Delete everything about a follower who leaves, as WeChat asks of every account."""
    services.forget(arrival.message.follower)


def unsupported(arrival: Arrival, _services: Services) -> str:
    """Say kindly what we can do."""
    return phrase(arrival.language, "unsupported")


def invite(arrival: Arrival, _services: Services) -> str:
    """Ask for a photo, where a follower scans our code again."""
    return phrase(arrival.language, "invitation")


def click(arrival: Arrival, services: Services) -> str:
    """Do what a button of the menu says: its key is the word of a command; else ask for a photo."""
    command = commands.find(arrival.message.event_key) or invite
    return command(arrival, services)


def nothing(_arrival: Arrival, _services: Services) -> None:
    """Say nothing, for it is no message: most events; before pictures of the menu, which follow."""


HANDLERS: MappingProxyType[str, Handler] = MappingProxyType(
    {
        "image": image,
        "text": text,
        "voice": unsupported,
        "video": unsupported,
        "shortvideo": unsupported,
        "location": unsupported,
        "link": unsupported,
        "file": unsupported,
        "unknown": unsupported,
        "event:subscribe": subscribe,
        "event:unsubscribe": unsubscribe,
        "event:scan": invite,
        "event:click": click,
        "event:scancode_waitmsg": invite,
        "event:scancode_push": nothing,
        "event:pic_sysphoto": nothing,
        "event:pic_photo_or_album": nothing,
        "event:pic_weixin": nothing,
        "event:location_select": nothing,
        "event:location": nothing,
        "event:view": nothing,
        "event:view_miniprogram": nothing,
        "event:templatesendjobfinish": nothing,
        "event:masssendjobfinish": nothing,
    }
)


def handle(message: Message, services: Services) -> str | None:
    """Return the words to answer at once, or None; raise redis.RedisError where Redis is away, and
    StaySilent where WeChat shall deliver the message again.

    Two trips to Redis for a picture: a look, and one to queue it.
    """
    began = time.monotonic()
    handler = HANDLERS.get(message.kind, nothing)
    if handler is nothing:
        count(message, "silent")
        return None
    arrival = look(message, services)
    words, mail = handler(arrival, services), arrival.mail
    if arrival.job is None:  # else _submit() has counted it
        count(message, "answered" if words else "silent")
    elif arrival.verdict is Verdict.TAKEN and not arrival.given:
        words, mail = _hold(arrival, services, began, words)
    if not mail or message.kind.startswith("event:"):
        return words
    found = services.mailbox.take(message.follower, message.message_id)
    return "\n\n".join(filter(None, [found, words])) or None


def _hold(
    arrival: Arrival, services: Services, began: float, words: str | None
) -> tuple[str | None, bool]:
    """Wait for the worker, if replies go that way; return what to say, and whether mail is in."""
    job, holding = arrival.job, services.holding
    if job is None or arrival.way == "push":
        return words, arrival.mail
    if arrival.way == "hybrid":
        return words, holding.wait_or_leave(job.id, began) or arrival.mail
    if holding.wait_or_ask(job.id, began, arrival.tries):
        return None, True
    return phrase(arrival.language, "ask_again"), arrival.mail


def excuse(message: Message, settings: Settings) -> str:
    """Return what can be said without Redis: that it did not work; a new follower is greeted."""
    is_new = message.kind == "event:subscribe"
    return phrase(settings.language, "subscribed" if is_new else "busy")


def count(message: Message, result: str) -> None:
    """Count what became of a message; kinds that we do not handle count as one."""
    kind = message.kind if message.kind in HANDLERS else "other"
    metrics.MESSAGES.labels(kind, result).inc()


def _submit(arrival: Arrival, services: Services) -> str | None:
    """Queue the message, unless it is too much; return what to say at once."""
    job, verdict = arrival.job, arrival.verdict
    if job is None:
        return None
    if verdict is not Verdict.TAKEN:
        services.turns.withdraw(job.follower, job.turn)
        count(arrival.message, "limited")
        return _refuse(arrival, services)
    is_new = enqueue(services.queue, job, services.settings.result_ttl)
    count(arrival.message, "queued" if is_new else "repeat")
    if not is_new:
        services.turns.withdraw(job.follower, job.turn)  # it was in the line already
    acknowledge = services.settings.acknowledge and arrival.alone and arrival.way == "push"
    return phrase(arrival.language, "acknowledged") if acknowledge else None


def _refuse(arrival: Arrival, services: Services) -> str | None:
    if arrival.verdict is Verdict.SILENT:
        return None
    seconds = services.limits.wait() if arrival.verdict is Verdict.QUEUE else 0
    return phrase(arrival.language, arrival.verdict, seconds=seconds)
