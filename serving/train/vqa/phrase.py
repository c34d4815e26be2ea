"""How a follower speaks of a thing or a set: "the largest red one", 红圆里最大的那个."""

from __future__ import annotations

from collections.abc import Sequence

from serving.train.camera import Random, pick
from serving.train.vqa.answer import CHINESE, article
from serving.train.vqa.program import Referent
from serving.train.vqa.wording import Wordings

_IT = (
    ("it", "it", "that one", "this one", "that", "that shape", "this shape", "that thing"),
    ("它", "它", "它", "那个", "这个", "那个图形", "这个图形", "他", "那一个", "这个东西"),
)
_AMONG = (
    "里最大的",
    "里面最大的那个",
    "中最大的",
    "当中最大的一个",
    "里最大的那一个",
    "里头最大的那个",
)


def singular(rng: Random, wordings: Wordings, referent: Referent) -> str:
    """Return words for one thing, in English without the article."""
    if referent.it:
        return _word(rng, _IT[wordings.language])
    if wordings.language == CHINESE:
        return _chinese_one(rng, wordings, referent)
    return _english_one(rng, wordings, referent)


def plural(rng: Random, wordings: Wordings, referent: Referent) -> str:
    """Return words for all things of a kind."""
    if wordings.language == CHINESE:
        return _chinese(rng, wordings, referent)
    return _english(rng, wordings, referent, many=True)


def indefinite(rng: Random, wordings: Wordings, referent: Referent) -> str:
    """Return the English words for one thing of a kind, with a or an."""
    return article(_english(rng, wordings, referent, many=False))


def order(rng: Random, wordings: Wordings, index: int) -> str:
    """Return 最大 or largest for index 1 of program.ORDERS."""
    return _word(rng, wordings.words.order[index - 1])


def _word(rng: Random, words: Sequence[str]) -> str:
    word: str = pick(rng, words)
    return word


def _common(rng: Random, words: Sequence[str]) -> str:
    """Return a word; the first few of a list are the usual ones."""
    return _word(rng, words[:3] if rng.random() < 0.4 else words)


def _chinese(rng: Random, wordings: Wordings, referent: Referent) -> str:
    words = wordings.words
    colour = _common(rng, words.colour[referent.colour - 1]) if referent.colour else ""
    if referent.shape:
        shape = _common(rng, words.shape[referent.shape - 1])
        return f"{colour}{'的' if rng.random() < 0.5 else ''}{shape}" if colour else shape
    if not colour:
        return _common(rng, words.thing)
    if rng.random() < 0.2:
        return f"{colour}的" if rng.random() < 0.7 else colour
    return f"{colour}{'的' if rng.random() < 0.8 else ''}{_common(rng, words.thing)}"


def _chinese_one(rng: Random, wordings: Wordings, referent: Referent) -> str:
    if not referent.order:
        pointing = pick(rng, ("那个", "这个", "图里的", "图中的")) if rng.random() < 0.12 else ""
        return pointing + _chinese(rng, wordings, referent)
    extreme = order(rng, wordings, referent.order)
    if not referent.filtered:
        kind = pick(rng, ("那个", "那一个", "一个", "")) if rng.random() < 0.3 else ""
        return f"{extreme}的{kind or _common(rng, wordings.words.thing)}"
    kind = _chinese(rng, wordings, referent)
    chance = rng.random()
    if chance < 0.15:
        return kind + _word(rng, _AMONG).replace("最大", extreme)
    if chance < 0.25:
        return f"{extreme}的那个{kind}"
    return f"{extreme}{'的' if rng.random() < 0.9 else ''}{kind}"


def _english(rng: Random, wordings: Wordings, referent: Referent, *, many: bool) -> str:
    words = wordings.words
    names = words.shapes if many else words.shape
    things = words.things if many else words.thing
    noun = _common(rng, names[referent.shape - 1] if referent.shape else things)
    if not referent.colour:
        return noun
    colour = _common(rng, words.colour[referent.colour - 1])
    chance = rng.random()
    if chance < 0.06:
        return f"{noun} that {'are' if many else 'is'} {colour}"
    if chance < 0.1:
        return f"{noun} in {colour}"
    return f"{colour} {noun}"


def _english_one(rng: Random, wordings: Wordings, referent: Referent) -> str:
    kind = _english(rng, wordings, referent, many=False)
    if not referent.order:
        return kind
    extreme = order(rng, wordings, referent.order)
    chance = rng.random()
    if chance < 0.08:
        return f"{extreme} of the {_english(rng, wordings, referent, many=True)}"
    if chance < 0.14:
        return f"{kind} that is {extreme}"
    return f"{extreme} {kind}"
