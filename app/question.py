"""Whether a text is a question that somebody can answer; if not, what to say at once."""

from __future__ import annotations

import re
import unicodedata

from contract.follower import language_of
from contract.settings import Settings

LONGEST = 200  # characters
# WeChat's own emoji come so: [微笑]. Blanks belong to one place only, or hostile texts take hours.
_STICKERS = re.compile(r"(\s*\[[^\[\]\s]{1,8}\])+\s*")
_JAPANESE_OR_KOREAN = re.compile(r"[぀-ヿ가-힣]")
_A_FEW = 2  # Chinese writers like a の


def fault(text: str, settings: Settings) -> str | None:
    """Return the key of the sentence that says why nobody is asked; None for a good question."""
    if len(text) > LONGEST:
        return "question_too_long"
    kinds = {unicodedata.category(each)[0] for each in text}
    if _STICKERS.fullmatch(text) or (not kinds & {"L", "N"} and "S" in kinds):
        return "emoji_only"
    if "L" not in kinds:  # a number that chooses nothing is none, either
        return "question_empty"
    # A stranger's model may know more languages than ours.
    return "other_language" if not settings.vqa_endpoint and _is_foreign(text) else None


def _is_foreign(text: str) -> bool:
    if len(_JAPANESE_OR_KOREAN.findall(text)) >= _A_FEW:
        return True
    letters = any(each.isalpha() and not each.isascii() for each in text)
    return letters and language_of(text) is None
