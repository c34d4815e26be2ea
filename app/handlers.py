"""What to do with each kind of message: one function a kind, and the table HANDLERS."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from types import MappingProxyType

import redis
from rq import Queue

from app import metrics
from app.message import Message
from contract.album import Album
from contract.follower import Followers, Language, language_of
from contract.job import ImageJob, enqueue
from contract.mailbox import Mailbox
from contract.settings import Settings
from contract.turns import Turns
from labels import phrase

_LONGEST_QUESTION = 200  # characters


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What handlers work with; all of it is Redis."""

    settings: Settings
    redis: redis.Redis
    queue: Queue
    followers: Followers
    turns: Turns
    mailbox: Mailbox
    album: Album
    clock: Callable[[], float]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A message, and what one look into Redis tells about its follower."""

    message: Message
    job: ImageJob | None  # for the worker, if it has something to do
    language: Language  # to answer in
    mail: bool  # answers wait that could not be pushed


Handler = Callable[[Arrival, Services], str | None]  # the words to answer at once; None: none yet


def image(arrival: Arrival, services: Services) -> None:
    """Let the worker say what the picture shows."""
    _enqueue(arrival, services)


def text(arrival: Arrival, services: Services) -> str | None:
    """Take the text as a question about the last picture, where a model can answer questions."""
    if arrival.job is None:
        return phrase(arrival.language, "looking_only")
    _enqueue(arrival, services)
    return None


def subscribe(arrival: Arrival, _services: Services) -> str:
    """Greet a new follower."""
    return phrase(arrival.language, "subscribed")


def unsubscribe(arrival: Arrival, services: Services) -> None:
    """Delete everything about a follower who leaves, as WeChat asks of every account."""
    # First that they have left: the worker looks at that after it has kept something.
    for part in (services.followers, services.album, services.turns, services.mailbox):
        part.forget(arrival.message.follower)


def unsupported(arrival: Arrival, _services: Services) -> str:
    """Say kindly what we can do."""
    return phrase(arrival.language, "unsupported")


def invite(arrival: Arrival, _services: Services) -> str:
    """Ask for a photo, where a follower scans our code again or taps a button of the menu."""
    return phrase(arrival.language, "invitation")


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
        "event:click": invite,
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
    """Return the words to answer at once, or None; raise redis.RedisError where Redis is away.

    Three trips to Redis for a picture: a look, and two to queue it.
    """
    handler = HANDLERS.get(message.kind, nothing)
    if handler is nothing:
        count(message, "silent")
        return None
    arrival = _look(message, services)
    words = handler(arrival, services)
    if arrival.job is None:  # else _enqueue() has counted it
        count(message, "answered" if words else "silent")
    if not arrival.mail or message.kind.startswith("event:"):
        return words
    mail = services.mailbox.take(message.follower, message.message_id)
    return "\n\n".join(filter(None, [mail, words])) or None


def excuse(message: Message, settings: Settings) -> str:
    """Return what can be said without Redis: that it did not work; a new follower is greeted."""
    is_new = message.kind == "event:subscribe"
    return phrase(settings.language, "subscribed" if is_new else "busy")


def count(message: Message, result: str) -> None:
    """Count what became of a message; kinds that we do not handle count as one."""
    kind = message.kind if message.kind in HANDLERS else "other"
    metrics.MESSAGES.labels(kind, result).inc()


def _look(message: Message, services: Services) -> Arrival:
    """Look up the follower, and put the message into their line, in one trip."""
    job, written = _job(message, services), language_of(message.content)
    with services.redis.pipeline(transaction=False) as pipeline:
        if written:
            services.followers.remember_language(pipeline, message.follower, written)
        if job:
            services.turns.join(pipeline, job.follower, job.turn)
        services.mailbox.look(pipeline, message.follower, message.message_id)
        services.followers.look_up_language(pipeline, message.follower)
        *_, mail, found = pipeline.execute()
    language = services.followers.as_language(found)
    job = dataclasses.replace(job, language=language) if job else None
    return Arrival(message=message, job=job, language=language, mail=bool(mail))


def _job(message: Message, services: Services) -> ImageJob | None:
    """Return what the worker must know: pictures, and texts where a model answers questions."""
    job = ImageJob(
        follower=message.follower,
        message_id=message.message_id,
        created=message.created,
        received=services.clock(),
        language=services.settings.language,  # until that of the follower is known
    )
    if message.kind == "image":
        return dataclasses.replace(job, media_id=message.media_id, picture_url=message.picture_url)
    question = message.content[:_LONGEST_QUESTION] if message.kind == "text" else ""
    if services.settings.vqa_model and question:
        return dataclasses.replace(job, question=question)
    return None


def _enqueue(arrival: Arrival, services: Services) -> None:
    job = arrival.job
    if job is None:
        return
    is_new = enqueue(services.queue, job, services.settings.result_ttl)
    count(arrival.message, "queued" if is_new else "repeat")
    if not is_new:
        services.turns.withdraw(job.follower, job.turn)  # it was in the line already
