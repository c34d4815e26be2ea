"""Words of a stranger's model made fit for a chat: no links, no numbers to call, nothing hidden.

WeChat makes a link of whatever looks like one, and calls what looks like a telephone number.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 300  # characters
_UNPRINTABLE = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}  # control, zero width, right to left, …
_SENTENCE_ENDS = "。！？!?；;\n."
# Full-width letters and marks link as well. One character for one, so that places stay the same.
_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}

_THOUGHTS = re.compile(r"<think>.*?(</think>|\Z)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z!][^<>]{0,300}>")
_MARKED_LINK = re.compile(r"!?\[([^\[\]\n]{0,200})\]\([^()\n]{0,500}\)")
_MARKS = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*+][ \t]+|```.*$|\|?[ \t]*:?-{3,}[-:| \t]*$)"  # line starts
    r"|\*\*|__|~~|`+"
    r"|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)",
    re.MULTILINE,
)
_DOMAINS = (
    "com|cn|net|org|info|top|xyz|vip|shop|site|online|club|link|live|app|dev|cc|tv|me|io|co|ai|ly"
)
_UNWANTED = re.compile(
    r"(?:[a-z0-9][a-z0-9+.-]{0,20})?://[^\s，。；！？、）)]*"  # http://…, weixin://…
    r"|[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+"  # mail
    r"|www\.[^\s，。；！？、）)]+"
    r"|(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])(?:[:/][^\s，。；！？、）)]*)?"
    r"|(?<![a-z0-9])(?:[a-z0-9-]{1,63}\.){1,5}"
    rf"(?:{_DOMAINS})(?![a-z0-9])(?:[:/][^\s，。；！？、）)]*)?"
    r"|(?<![\d.])\+?\d{7,}(?![\d.])"  # telephones, QQ
    r"|(?<!\d)(?:\+\d{1,3}[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)"
    r"|(?<!\d)\+\d{1,3}(?:[ -]?\(?\d{1,4}\)?){2,5}(?!\d)"
    r"|(?<!\d)\(?0\d{2,3}\)?[ -]?\d{7,8}(?!\d)"
    r"|(?<!\d)[48]00[ -]\d{3,4}[ -]\d{3,4}(?!\d)"
    r"|(?<!\d)\(?\d{3}\)?[ -]\d{3}[ -]\d{4}(?!\d)"
    r"|(?:微信号?|加微|[vw]x|qq号?)[ ]?(?:号|id)?[ ]?[:：]?[ ]?[a-z0-9][\w-]{4,19}",
    re.IGNORECASE,
)


def plain(text: str) -> str:
    """Return what may be shown of an answer, cut at a sentence where it is long; empty for nothing.

    text: whatever a model says, however much of it.
    """
    text = _THOUGHTS.sub("", text)[: 10 * LONGEST]
    text = "".join(
        each for each in text if each == "\n" or unicodedata.category(each) not in _UNPRINTABLE
    )
    text = _MARKED_LINK.sub(r"\1", text)
    while (fewer := _TAG.sub("", text)) != text:  # what one leaves may be another
        text = fewer
    text = _without_contacts(_MARKS.sub("", text))
    text = re.sub(r"[ \t]{2,}", " ", re.sub(r"[ \t]*\n\s*", "\n", text)).strip()
    return _cut(text) if any(each.isalnum() for each in text) else ""


def _without_contacts(text: str) -> str:
    """Return the text without links and numbers; again, where leaving one out makes another."""
    while found := list(_UNWANTED.finditer(text.translate(_NARROW))):
        for each in reversed(found):
            text = text[: each.start()] + text[each.end() :]
    return text


def _cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    begun = text[:LONGEST]
    end = max(begun.rfind(each) for each in _SENTENCE_ENDS) + 1
    return begun[:end].rstrip() if end > LONGEST // 2 else begun.rstrip() + "…"
