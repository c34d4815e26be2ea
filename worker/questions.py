"""What is said to a question: which picture it is about, what was asked before, who knows."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from rq.job import Job

from contract import album
from contract.album import Snapshot
from contract.job import ImageJob
from contract.talk import Early, Exchange
from labels import minutes, phrase
from worker import answerer, line, scene
from worker import reply as words
from worker.answerer import Answer, Source
from worker.delivery import note, noted
from worker.errors import NoPicture, PictureForgotten, PictureGone
from worker.picture import prepare
from worker.pointing import Pointer, point
from worker.post import Reply
from worker.scene import Scene
from worker.services import Services

# Asks what a picture shows and nothing more; the classifier can say that of any.
_WHAT = re.compile(
    r"(请|帮我|你)?(看看|说说|告诉我)?(这|那|它|图|(图|图片|照片|这)(里|里面|中|上)|里面|这张图|这张照片)?都?"
    r"(画的|拍的)?(是|有)些?(什么|啥)(东西|呀|啊|呢)?"
    r"|(请|帮我|你)?描述(一下|下)?(它|图片|照片|这张图|这张照片|图)?"
    r"|what('s| is| do you see)( there| this| that| it)?( in (the|this|my) (picture|photo|image))?"
    r"|(please )?describe( it| this| (the|this|my) (picture|photo|image))?",
    re.IGNORECASE,
)
_MARKS = " \t。.!！?？~，,"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A question, and all that it is about."""

    question: str
    id: str  # of the picture
    picture: bytes
    things: Scene  # in it
    earlier: Sequence[Exchange]  # about it
    again: bool = False  # it was asked about another one: "and the second one?"


def look(job: Job, message: ImageJob, services: Services) -> Reply:
    """Return what to say to a question; raise AnswerError."""
    with noted(job, "fetched"):
        line.await_those_before(message, services)
        asked = _understand(message, services)
    with noted(job, "seen"):
        answer = services.answerer.ask(asked.picture, asked.question, asked.earlier)
        if asked.again and not answer.is_known:
            what = phrase(message.language, "ask_what")
            asked = dataclasses.replace(asked, question=what, earlier=())
            answer = services.answerer.ask(asked.picture, asked.question)
        if answer.source is Source.NOBODY and _asks_what_any_picture_shows(asked):
            return _shown(job, message, asked.picture, services)
    answerer.count(answer)
    note(job, model=words.model_of(answer.source, services.settings))
    return _reply(message, asked, answer, services)


def _understand(message: ImageJob, services: Services) -> _Asked:
    talk, pointer = services.talks.read(message.follower), point(message.question)
    snapshot = _choose(message, pointer, talk, services)
    picture = services.album.get(message.follower, snapshot.id)
    if picture is None:
        raise _gone(message, services)
    again = not pointer.question and bool(talk) and talk[-1].picture != snapshot.id
    about = talk[-1].picture if again else snapshot.id
    earlier = [each for each in talk if each.picture == about]
    question = earlier.pop().question if again else pointer.question
    return _Asked(
        question=question or phrase(message.language, "ask_what"),
        id=snapshot.id,
        picture=picture.data,
        things=scene.parse(picture.scene),
        earlier=earlier,
        again=again,
    )


def _asks_what_any_picture_shows(asked: _Asked) -> bool:
    return not asked.things and _WHAT.fullmatch(asked.question.strip(_MARKS)) is not None


def _choose(
    message: ImageJob, pointer: Pointer, talk: list[Exchange], services: Services
) -> Snapshot:
    """Return the picture that a question is about; raise AnswerError where there is none."""
    pictures = _pictures(message, services)
    if pointer.points:
        if found := pointer.find(pictures):
            return found
        raise PictureForgotten("it was one before the last", most=album.MOST)
    newest = pictures[-1]
    if talk and talk[-1].asked > newest.received:  # it goes on about that one
        return next((each for each in pictures if each.id == talk[-1].picture), newest)
    return newest


def _pictures(message: ImageJob, services: Services) -> list[Snapshot]:
    """Return the pictures that a question may be about, the oldest first; one at least."""
    known = services.album.look(message.follower)
    if not any(each.is_kept for each in known) and line.await_picture_after(message, services):
        known = services.album.look(message.follower)
    kept = [each for each in known if each.is_kept]
    if not kept and known:
        raise _gone(message, services)
    if not kept:
        _ask_later(message, services)
        raise NoPicture("a question, but the album is empty")
    # One that came while the question was on its way is not meant, unless it is the only one.
    return [each for each in kept if each.received <= message.received] or kept[:1]


def _gone(message: ImageJob, services: Services) -> PictureGone:
    """Return the error for a picture that was kept for its time; the question waits for another."""
    _ask_later(message, services)
    time = minutes(message.language, services.settings.picture_ttl)
    return PictureGone("a question, but the picture has had its time", time=time)


def _ask_later(message: ImageJob, services: Services) -> None:
    early = Early(question=message.question, asked=message.received, language=message.language)
    services.talks.ask_later(message.follower, early)
    _forget_who_left(message, services)


def remember(
    message: ImageJob, question: str, answer: Answer, picture: str, services: Services
) -> None:
    """Keep a question and its answer for the next ones to lean on."""
    exchange = Exchange(
        picture=picture, question=question, answer=answer.text, asked=message.received
    )
    services.talks.add(message.follower, exchange)
    _forget_who_left(message, services)


def _forget_who_left(message: ImageJob, services: Services) -> None:
    if services.followers.has_left(message.follower, since=message.received):
        services.talks.forget(message.follower)


def _shown(job: Job, message: ImageJob, picture: bytes, services: Services) -> Reply:
    """Return what the classifier says of a picture that nobody else can describe."""
    settings = services.settings
    note(job, model=settings.classifier_model)
    small = prepare(picture, round(settings.classifier_input / 0.875)).small
    guesses = services.classifier.classify(small)
    answerer.count(Answer(source=Source.CLASSIFIER))
    return words.describe(guesses, message.language, settings.classifier_model)


def _reply(message: ImageJob, asked: _Asked, answer: Answer, services: Services) -> Reply:
    settings = services.settings
    if not answer.is_known:
        return words.no_answer(answer, asked.things, message.language, settings)
    remember(message, asked.question, answer, asked.id, services)
    before = [*(each.question for each in asked.earlier), asked.question]
    suggested = words.suggest(asked.things, message.language, settings, before)
    return words.answer(answer, message.language, settings, suggested)
