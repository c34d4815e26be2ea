"""What is said about a picture: the answer to a question that came before it, or what it shows.

A drawing of shapes is described; anything else is the classifier's.
"""

from __future__ import annotations

import dataclasses
import logging

from rq.job import Job

from contract.album import Snapshot
from contract.job import ImageJob
from worker import answerer, line, outline, questions, scene
from worker import reply as words
from worker.delivery import note, noted
from worker.errors import AnswerError, SendBroken
from worker.picture import Prepared, prepare
from worker.post import Reply
from worker.scene import Scene
from worker.services import Services

logger = logging.getLogger(__name__)


def look(job: Job, message: ImageJob, services: Services) -> Reply:
    """Return what to say about a picture; raise AnswerError."""
    settings = services.settings
    with noted(job, "fetched"):
        data = services.wechat.fetch_picture(message.media_id, message.picture_url)
    with noted(job, "prepared"):
        picture = prepare(data, round(settings.classifier_input / 0.875))
        if settings.answers_questions:  # else nobody could ask about it
            _keep(message, picture.large, services)
    note(job, model=settings.classifier_model)
    with noted(job, "seen"):
        return _seen(job, message, picture, services)


def _seen(job: Job, message: ImageJob, picture: Prepared, services: Services) -> Reply:
    settings, things = services.settings, services.answerer.describe(picture.small)
    if things:
        services.album.note(message.follower, message.id, scene.write(things))
    if settings.answers_questions and (reply := _asked_before(message, picture, things, services)):
        note(job, model=reply.model)
        return reply
    if things:
        note(job, model=settings.vqa_model)
        reply = words.describe_scene(things, message.language, settings.vqa_model)
        return _with_picture(reply, picture, things, services)
    guesses = services.classifier.classify(picture.small)
    reply = words.describe(guesses, message.language, settings.classifier_model)
    return dataclasses.replace(reply, questions=words.suggest((), message.language, settings))


def _keep(message: ImageJob, picture: bytes, services: Services) -> None:
    """Keep the picture for a question; nothing of a follower who has left meanwhile."""
    place = services.turns.place(message.follower, message.turn)
    snapshot = Snapshot(id=message.id, received=message.received, number=place.ordinal)
    services.album.keep(message.follower, snapshot, picture)
    if services.followers.has_left(message.follower, since=message.received):
        services.album.forget(message.follower)


def _asked_before(
    message: ImageJob, picture: Prepared, things: Scene, services: Services
) -> Reply | None:
    """Return the answer to a question that came before its picture; None where nobody knows one."""
    place = services.turns.place(message.follower, message.turn)
    if line.has_questions_before(place) and _is_first(message, services):
        line.await_questions_before(message, services)
    early = services.talks.take_early(message.follower)
    if early is None or early.asked > message.received:
        return None
    try:
        answer = services.answerer.ask(picture.large, early.question)
    except AnswerError as error:  # what the picture shows can still be said
        logger.warning("a question that came early has no answer: %s", error)
        return None
    answerer.count(answer)
    if not answer.is_known:
        return None
    questions.remember(message, early.question, answer, message.id, services)
    reply = words.answer(answer, early.language, services.settings)
    return words.asked_before(reply, things, early, services.settings)


def _is_first(message: ImageJob, services: Services) -> bool:
    """Return whether no other picture is kept, so that earlier questions can mean only this one."""
    found = services.album.look(message.follower)
    return not any(each.is_kept and each.id != message.id for each in found)


def _with_picture(reply: Reply, picture: Prepared, things: Scene, services: Services) -> Reply:
    """Return the reply with the shapes outlined in their picture, where the account wants that.

    A passive reply is one message, so there it stays with the words.
    """
    settings = services.settings
    if not settings.reply_with_picture or settings.wechat_reply == "passive":
        return reply
    try:
        media_id = services.wechat.upload_picture(outline.draw(picture.large, things))
    except (AnswerError, SendBroken) as error:  # the words are the answer
        logger.warning("a picture is not sent along: %s", error)
        return reply
    return dataclasses.replace(reply, media_id=media_id)
