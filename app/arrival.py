"""What one look into Redis tells about a message and its follower; it also notes that it came."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType

from redis.client import Pipeline

from app import command_words, question
from app.limits import Limits, Verdict
from app.message import Message
from app.services import Services
from contract.choices import Choice, Offer
from contract.follower import Language, language_of
from contract.job import ImageJob, announce
from contract.quota import EVENT, MESSAGE, Allowance
from contract.settings import Settings
from contract.way import Way

_ALLOWANCES: MappingProxyType[str, Allowance] = MappingProxyType(
    dict.fromkeys(("event:subscribe", "event:scan", "event:click"), EVENT)
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A message and its circumstances."""

    message: Message
    language: Language  # to answer in
    way: Way
    mail: bool  # answers wait that could not be pushed
    given: bool  # they were given to an earlier delivery of this message
    offer: Offer | None  # what the follower may choose
    job: ImageJob | None = None  # for the worker, if it has something to do
    verdict: Verdict = Verdict.TAKEN
    tries: int = 1  # how often WeChat has delivered it
    alone: bool = True  # no other message of this follower is being answered

    @property
    def choice(self) -> Choice | None:
        """What the follower chose of the offer."""
        message = self.message
        return self.offer.choose(message.content, message.menu_id) if self.offer else None


def look(message: Message, services: Services) -> Arrival:
    """Look up the follower and note the message, in one trip; two where a question was chosen."""
    arrival = _look(message, services)
    if arrival.choice and arrival.choice.question:
        asked = dataclasses.replace(message, content=arrival.choice.question, menu_id="")
        return _look(asked, services)
    return arrival


def _look(message: Message, services: Services) -> Arrival:
    follower, job = message.follower, _job(message, services)
    with services.bundles.bundle() as pipeline:
        if job:
            _note_job(pipeline, job, services)
        if written := language_of(message.content):
            services.followers.remember_language(pipeline, follower, written)
        is_event = message.kind.startswith("event:")
        if allowance := _ALLOWANCES.get(message.kind, None if is_event else MESSAGE):
            services.quota.allow(pipeline, follower, allowance)
        services.followers.look_up_language(pipeline, follower)
        services.mailbox.look(pipeline, follower, message.message_id)
        services.offers.look(pipeline, follower)
        services.ways.look(pipeline)
        answers = pipeline.execute()
    *_, language, mail, given, offer, closed = answers
    arrival = Arrival(
        message=message,
        language=services.followers.as_language(language),
        way=services.ways.as_way(closed),
        mail=bool(mail or given),
        given=bool(given),
        offer=services.offers.as_offer(offer),
    )
    return _with_job(arrival, job, answers) if job else arrival


def _note_job(pipeline: Pipeline, job: ImageJob, services: Services) -> None:
    """Have a pipeline count a message and put it into its follower's line: for _with_job()."""
    announce(pipeline, services.queue)
    services.limits.count(pipeline, job.follower, job.message_id)
    services.holds.open(pipeline, job.id)
    services.turns.join(pipeline, job.follower, job.turn)
    services.traces.note(pipeline, job.follower, job.id)
    if services.settings.wechat_reply == "hybrid":
        services.holds.offer(pipeline, job.id)


def _with_job(arrival: Arrival, job: ImageJob, answers: list[int]) -> Arrival:
    _, *answers = answers  # announce() has one
    counts, rest = answers[: Limits.ANSWERS], answers[Limits.ANSWERS :]
    tries, _, in_line = rest[:3]
    verdict = Limits.judge(counts)
    if verdict is Verdict.QUEUE and tries > 1:
        verdict = Verdict.TAKEN  # it is in the queue: who was told to come again is not repeated
    return dataclasses.replace(
        arrival,
        job=dataclasses.replace(job, language=arrival.language),
        verdict=verdict,
        tries=tries,
        alone=in_line == 1,
    )


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
    if is_question(message, services.settings) and not question.fault(
        message.content, services.settings
    ):
        return dataclasses.replace(job, question=message.content)
    return None


def is_question(message: Message, settings: Settings) -> bool:
    """Return whether a message is a text for a model: neither a command nor a tap on a menu."""
    is_free = message.kind == "text" and not message.menu_id
    return is_free and settings.answers_questions and command_words.find(message.content) is None
