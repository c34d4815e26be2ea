"""One spelling for what means the same: 大红色 and "crimson" become c1, 最靠左 and "far left" o3.

What follows learns from fewer different words, and a word that is known in one sentence is known in
all. Written by hand, not learned. The patterns are RE2's, for tf.strings.regex_replace.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence

from serving.train.vqa import slip
from serving.train.vqa.wording import FOLDER, LANGUAGES, Words

Rule = tuple[str, str]  # pattern, replacement

# Also mean other things: "at the top or at the bottom", "what is below the tile".
_LEFT_TO_CONTEXT = {
    "top", "bottom", "顶上", "垫底", "底下最靠边", "左边缘", "右边缘", "方", "角形", "圆的", "方的",
    "三角的", "line", "lines", "cross", "crosses", "far left", "far right", "very top",
    "very bottom", "tri", "tris", "bit", "tan", "cream", "light", "round", "rounds", "star",
}  # fmt: skip


def rules(english: Words, chinese: Words) -> list[Rule]:
    """Return the replacements in order: long words before the short ones that they contain."""
    written = [
        tomllib.loads((FOLDER / f"senses_{each}.toml").read_text("utf-8")) for each in LANGUAGES
    ]
    return [
        *(_rule(each) for senses in written for each in senses["first"]),
        *_english(_senses(english)),
        *_chinese(_senses(chinese)),
        *(_rule(each) for senses in written for each in senses["then"]),
    ]


def _rule(written: list[str]) -> Rule:
    """Return a rule of a file, where $1 is what the first group found."""
    pattern, replacement = written
    return pattern, replacement.replace("$", "\\")


def _senses(words: Words) -> dict[str, list[str]]:
    """Return the words for each token, less those that only the context tells apart."""
    senses = {
        **{f"c{i}": group for i, group in enumerate(words.colour, 1)},
        **{f"s{i}": [*group, *words.shapes[i - 1]] for i, group in enumerate(words.shape, 1)},
        **{f"o{i}": group for i, group in enumerate(words.order, 1)},
    }
    return {
        token: [_plain(word) for word in group if word not in _LEFT_TO_CONTEXT]
        for token, group in senses.items()
    }


def _plain(word: str) -> str:
    """Return a word as reading.normalise leaves it."""
    return word.lower().replace("-", " ").replace("'", "")


def _english(senses: dict[str, list[str]]) -> Iterator[Rule]:
    for long in (True, False):
        for token, words in senses.items():
            chosen = sorted({word for word in words if (" " in word) == long}, key=_longest)
            if chosen:
                yield rf"\b(?:{_any(chosen)})\b", token


def _chinese(senses: dict[str, list[str]]) -> Iterator[Rule]:
    for shortest, longest in ((4, 99), (3, 3), (2, 2), (1, 1)):
        for token, words in senses.items():
            chosen = sorted(
                {word for word in words if shortest <= len(word) <= longest}, key=_longest
            )
            if chosen:
                yield _any(chosen), f" {token} "


def _longest(word: str) -> tuple[int, str]:
    return -len(word), word


def _any(words: Sequence[str]) -> str:
    return "|".join(re.escape(word).replace("\\ ", " ") for word in words)


def characters() -> dict[str, str]:
    """Return what single characters become: traditional simplified, full-width plain."""
    wide = {chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)}
    simplified = dict(zip(slip.TRADITIONAL, slip.SIMPLIFIED, strict=True))
    return {**wide, **simplified, "\u3000": " ", "园": "圆", "麽": "么"}
