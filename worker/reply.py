"""From guesses, shapes and answers to words: sure, not sure, or honestly unable to tell."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence

from contract.outcome import Outcome
from contract.settings import Settings
from contract.talk import Early
from labels import phrase
from worker import scene as scenes
from worker.answerer import Answer, Source
from worker.post import Reply
from worker.scene import Scene
from worker.scene import describe as describe_things
from worker.vision import Guess

SURE = 0.60  # probability from which the best guess stands alone
LIKELY = 0.25  # below that, guesses would be noise
SCENE, ANSWERED = "scene", "answer"  # labels of replies that name no class
_SHOWN = 3


def describe(guesses: Sequence[Guess], language: str, model: str) -> Reply:
    """Return what to tell the follower about a picture; the likeliest guess comes first."""
    best = guesses[0] if guesses else None
    if best is None or best.name is None or best.probability < LIKELY:
        return _reply(phrase(language, "cannot_tell"), model)
    label = best.name.english
    if best.probability >= SURE:
        name = best.name.in_language(language)
        return _reply(phrase(language, "sure", percent=_percent(best), name=name), model, label)
    named = [(guess, guess.name) for guess in guesses if guess.name is not None]
    lines = [
        phrase(
            language,
            "guess",
            number=place,
            percent=_percent(guess),
            name=name.in_language(language),
        )
        for place, (guess, name) in enumerate(named[:_SHOWN], start=1)
    ]
    return _reply(phrase(language, "unsure", guesses="\n".join(lines)), model, label)


def describe_scene(scene: Scene, language: str, model: str) -> Reply:
    """Return what to tell the follower about a picture of shapes."""
    reply = _reply(describe_things(scene, language), model, SCENE)
    return dataclasses.replace(reply, questions=scenes.suggest(scene, language))


def answer(
    answer: Answer, language: str, settings: Settings, suggested: Sequence[str] = ()
) -> Reply:
    """Return what to tell the follower who asked; what a stranger's model made up says so."""
    text = answer.text
    if answer.source is Source.ENDPOINT:
        text = phrase(language, "generated", answer=text)
    reply = _reply(text, model_of(answer.source, settings), ANSWERED)
    return dataclasses.replace(reply, questions=suggested)


def asked_before(reply: Reply, scene: Scene, early: Early, settings: Settings) -> Reply:
    """Return the answer to a question that came before its picture."""
    return dataclasses.replace(
        reply,
        text=phrase(early.language, "asked_before", answer=reply.text),
        questions=suggest(scene, early.language, settings, [early.question]),
    )


def no_answer(answer: Answer, scene: Scene, language: str, settings: Settings) -> Reply:
    """Return an honest "I don't know", with what we do know."""
    if answer.source is Source.WITHHELD:
        key = "not_said"
    elif scene:
        key = "cannot_answer_shapes"
    else:
        key = "cannot_answer" if settings.vqa_endpoint else "cannot_answer_photo"
    reply = _reply(phrase(language, key), model_of(answer.source, settings))
    return dataclasses.replace(reply, questions=suggest(scene, language, settings) if scene else ())


def suggest(
    scene: Scene, language: str, settings: Settings, asked: Collection[str] = ()
) -> Sequence[str]:
    """Return questions that can really be answered next, none of those asked."""
    if scene:
        return scenes.suggest(scene, language, asked)
    if not settings.vqa_endpoint:
        return ()
    questions = [phrase(language, key) for key in ("ask_what", "ask_colour")]
    return [each for each in questions if each not in asked]


def model_of(source: Source, settings: Settings) -> str:
    """Return the name of the model that an answer comes from, or was sought from last."""
    ours = source is Source.MODEL or not settings.vqa_endpoint
    return settings.vqa_model if ours else settings.vqa_endpoint_model


def _reply(text: str, model: str, label: str = "") -> Reply:
    return Reply(text=text, outcome=Outcome.SENT, model=model, label=label)


def _percent(guess: Guess) -> str:
    return f"{100 * min(guess.probability, 0.999):.1f}%"  # nothing is certain
