"""What to do with each kind of message: one function a kind, and the table HANDLERS."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from types import MappingProxyType

from rq import Queue

from app.message import Message
from contract.album import Album
from contract.follower import Followers, Language, language_of
from contract.job import ImageJob, enqueue
from contract.settings import Settings
from labels import phrase

_LONGEST_QUESTION = 200  # characters


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What handlers work with; all of it is Redis."""

    settings: Settings
    queue: Queue
    followers: Followers
    album: Album
    clock: Callable[[], float]


Handler = Callable[[Message, Services], str | None]  # the words to answer at once; None: none yet


def image(message: Message, services: Services) -> None:
    """Let the worker say what the picture shows."""
    language = services.followers.language(message.follower)
    job = _job(message, services, language)
    job = dataclasses.replace(job, media_id=message.media_id, picture_url=message.picture_url)
    enqueue(services.queue, job, services.settings.result_ttl)


def text(message: Message, services: Services) -> str | None:
    """Take the text as a question about the last picture, where a model can answer questions."""
    language = language_of(message.content)
    if language is None:
        language = services.followers.language(message.follower)
    else:
        services.followers.remember_language(message.follower, language)
    question = message.content[:_LONGEST_QUESTION]
    if not services.settings.vqa_model or not question:
        return phrase(language, "looking_only")
    job = dataclasses.replace(_job(message, services, language), question=question)
    enqueue(services.queue, job, services.settings.result_ttl)
    return None


def subscribe(message: Message, services: Services) -> str:
    """Greet a new follower."""
    return phrase(services.followers.language(message.follower), "subscribed")


def unsubscribe(message: Message, services: Services) -> None:
    """Delete everything about a follower who leaves, as WeChat asks of every account."""
    services.album.forget(message.follower)
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


def _job(message: Message, services: Services, language: Language) -> ImageJob:
    return ImageJob(
        follower=message.follower,
        message_id=message.message_id,
        created=message.created,
        received=services.clock(),
        language=language,
    )
