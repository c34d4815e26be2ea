"""Which of the last pictures a question is about: 第二张, 上一张, "the first picture"."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from contract.album import Snapshot

_DIGITS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_WORDS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
    "eighth": 8, "ninth": 9, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5, "6th": 6, "7th": 7,
    "8th": 8, "9th": 9,
}  # fmt: skip
_PICTURE = r"(?:照片|图片|相片|图像|图画|图|画)"
_ENGLISH_PICTURE = r"(?:picture|photo|photograph|image|drawing|pic)"
_CHINESE = re.compile(
    rf"(?:第\s*(?P<number>[1-9一二两三四五六七八九])|(?P<before>上上?|前)一?|(?P<last>最后一?|最近一?|刚才那))"
    rf"\s*[张幅副]{_PICTURE}?(?P<inside>里面?|中|上面?)?的?"
)
_ENGLISH = re.compile(
    rf"(?P<inside>\b(?:in|on|of|from)\s+)?\b(?:the|my)\s+"
    rf"(?:(?P<number>{'|'.join(_WORDS)})|(?P<before>previous|earlier|preceding)|(?P<last>last|latest|newest))"
    rf"\s+(?P<noun>{_ENGLISH_PICTURE}|one)\b|\b{_ENGLISH_PICTURE}\s+(?P<digit>[1-9])\b",
    re.IGNORECASE,
)
# What is left of "第二张呢？" and "and the second picture?": nothing that could be answered.
_NOTHING = re.compile(
    r"(?:那|那么|还有)?(?:图里)?呢?"
    r"|(?:(?:and|so|what about|how about)\s+)*(?:(?:in|on|of|from)\s+)?(?:the picture)?",
    re.IGNORECASE,
)
_MARKS = " \t,，:：.。!！?？~"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """A question, and which picture it points at."""

    # Without the words that point, so that a model of one picture understands it; empty where it
    # asks nothing else.
    question: str
    number: int = 0  # among those that came together, from 1; 0: it does not say
    back: int | None = None  # 0 the newest, 1 the one before; None: it does not say

    @property
    def points(self) -> bool:
        """Whether it says which."""
        return bool(self.number) or self.back is not None

    def find(self, pictures: Sequence[Snapshot]) -> Snapshot | None:
        """Return the picture it points at, of one or more, the oldest first; None for none."""
        if self.back is not None:
            return pictures[-1 - self.back] if self.back < len(pictures) else None
        together = _together(pictures)
        if len(together) > 1 or together[0].number > 1:
            return next((each for each in together if each.number == self.number), None)
        return pictures[self.number - 1] if self.number <= len(pictures) else None


def point(question: str) -> Pointer:
    """Return which picture a question points at, if it does."""
    found = _CHINESE.search(question)
    chinese = found is not None
    found = found or _ENGLISH.search(question)
    words = found.groupdict() if found else {}
    if found is None or (words.get("noun") == "one" and not words["before"]):
        return Pointer(question=question)  # "the first one" may be a shape
    in_its_place = ("图里" if words["inside"] else "") if chinese else _english_place(words)
    rest = question[: found.start()] + in_its_place + question[found.end() :]
    rest = " ".join(rest.split()).strip(" ,，:：")
    return Pointer(
        question="" if _NOTHING.fullmatch(rest.strip(_MARKS)) else rest,
        number=_number(words),
        back=_back(words),
    )


def _english_place(words: dict[str, str | None]) -> str:
    return f"{words['inside'] or ''}the picture"


def _number(words: dict[str, str | None]) -> int:
    text = (words.get("number") or words.get("digit") or "").lower()
    if not text:
        return 0
    return int(text) if text.isdecimal() else _DIGITS.get(text) or _WORDS[text]


def _back(words: dict[str, str | None]) -> int | None:
    if words.get("last"):
        return 0
    before = words.get("before")
    return None if not before else 2 if before == "上上" else 1


def _together(pictures: Sequence[Snapshot]) -> list[Snapshot]:
    """Return those that came together with the newest, which were numbered in the answers."""
    together = [pictures[-1]]
    for each in reversed(pictures[:-1]):
        if each.number >= together[0].number:
            break
        together.insert(0, each)
    return together
