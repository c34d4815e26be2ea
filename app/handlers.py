"""What to do with each kind of message: one function a kind, and the table HANDLERS."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from types import MappingProxyType

import redis
from rq import Queue

from app.message import Message
from contract.album import Album
from contract.follower import Followers, language_of
from contract.job import ImageJob, enqueue
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
    album: Album
    clock: Callable[[], float]


Handler = Callable[[Message, Services], str | None]  # the words to answer at once; None: none yet


def image(message: Message, services: Services) -> None:
    """Let the worker say what the picture shows."""
    job = dataclasses.replace(
        _job(message, services), media_id=message.media_id, picture_url=message.picture_url
    )
    with services.redis.pipeline(transaction=False) as pipeline:
        services.turns.join(pipeline, job.follower, job.turn)
        services.followers.look_up_language(pipeline, job.follower)
        *_, found = pipeline.execute()
    language = services.followers.as_language(found)
    _enqueue(dataclasses.replace(job, language=language), services)


def text(message: Message, services: Services) -> str | None:
    """Take the text as a question about the last picture, where a model can answer questions."""
    question = message.content[:_LONGEST_QUESTION]
    job = dataclasses.replace(_job(message, services), question=question)
    is_question = bool(services.settings.vqa_model and question)
    with services.redis.pipeline(transaction=False) as pipeline:
        if is_question:
            services.turns.join(pipeline, job.follower, job.turn)
        if written := language_of(message.content):
            services.followers.remember_language(job.follower, written, pipeline)
        services.followers.look_up_language(pipeline, job.follower)
        *_, found = pipeline.execute()
    language = services.followers.as_language(found)
    if not is_question:
        return phrase(language, "looking_only")
    _enqueue(dataclasses.replace(job, language=language), services)
    return None


def subscribe(message: Message, services: Services) -> str:
    """Greet a new follower."""
    return phrase(services.followers.language(message.follower), "subscribed")


def unsubscribe(message: Message, services: Services) -> None:
    """Delete everything about a follower who leaves, as WeChat asks of every account."""
    services.album.forget(message.follower)
    services.turns.forget(message.follower)
    services.followers.forget(message.follower)


def unsupported(message: Message, services: Services) -> str:
    """Say kindly what we can do."""
    return phrase(services.followers.language(message.follower), "unsupported")


def other_event(_message: Message, _services: Services) -> None:
    """Take note of nothing: events are not questions."""


HANDLERS: MappingProxyType[str, Handler] = MappingProxyType(
    {
        "image": image,
        "text": text,
        "event:subscribe": subscribe,
        "event:unsubscribe": unsubscribe,
        "voice": unsupported,
        "video": unsupported,
        "shortvideo": unsupported,
        "location": unsupported,
        "link": unsupported,
        "file": unsupported,
    }
)


def handle(message: Message, services: Services) -> str | None:
    """Return the words to answer at once, or None; raise redis.RedisError where Redis is away."""
    fallback = other_event if message.kind.startswith("event:") else None
    handler = HANDLERS.get(message.kind, fallback)
    return handler(message, services) if handler else None


def _enqueue(job: ImageJob, services: Services) -> None:
    if not enqueue(services.queue, job, services.settings.result_ttl):
        services.turns.withdraw(job.follower, job.turn)  # it was in the line already


def _job(message: Message, services: Services) -> ImageJob:
    return ImageJob(
        follower=message.follower,
        message_id=message.message_id,
        created=message.created,
        received=services.clock(),
        language=services.settings.language,  # until that of the follower is known
    )
