"""Texts as long as WeChat takes them."""

from __future__ import annotations

LONGEST = 2048  # bytes of UTF-8 in one text message
_BREAKS = "\n。！？；.!?; "


def split(text: str, most: int = LONGEST) -> list[str]:
    """Return a text in parts of at most so many bytes: between characters, best after a sentence.

    most: at least 4, the bytes of the longest character.
    """
    parts = list[str]()
    while len(text.encode()) > most:
        part = text.encode()[:most].decode("utf-8", "ignore")
        end = max(part.rfind(each) for each in _BREAKS) + 1
        if end > len(part) // 2:
            part = part[:end]
        parts.append(part.rstrip())
        text = text[len(part) :].lstrip()
    return [*parts, text] if text or not parts else parts
