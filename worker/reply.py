"""From guesses to words: sure, not sure, or honestly unable to tell."""

from __future__ import annotations

from collections.abc import Sequence

from contract.outcome import Outcome
from labels import phrase
from worker.post import Reply
from worker.vision import Guess

SURE = 0.60  # probability from which the best guess stands alone
LIKELY = 0.25  # below that, guesses would be noise
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


def answer(text: str | None, language: str, model: str) -> Reply:
    """Return what to tell the follower who asked; None: the model cannot tell."""
    return _reply(phrase(language, "cannot_answer") if text is None else text, model)


def _reply(text: str, model: str, label: str = "") -> Reply:
    return Reply(text=text, outcome=Outcome.SENT, model=model, label=label)


def _percent(guess: Guess) -> str:
    return f"{100 * min(guess.probability, 0.999):.1f}%"  # nothing is certain
