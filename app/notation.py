"""XML and JSON, in either of which WeChat sends pushes: from bytes to fields, and back for replies.

What leaves read() is the same for both: text without anything that XML cannot hold, such as NUL or
half an emoji.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

Notation = Literal["xml", "json"]
_UNSPEAKABLE = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Unusable(Exception):
    """The body is not a message that anything can be done with; the text says why."""


def notation_of(body: bytes) -> Notation:
    """Return how a body is written; what is neither counts as (broken) XML."""
    return "json" if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else "xml"


def read(body: bytes) -> dict[str, str]:
    """Return the fields that hold text or a number; those that hold others are left out.

    Raises Unusable: for what is not UTF-8, whatever an XML declaration says, and where a field
    stands twice, since two readers could take two different ones.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unusable("not UTF-8") from None
    pairs = _json_pairs(text) if notation_of(body) == "json" else _xml_pairs(text)
    fields: dict[str, str] = {}
    seen: set[str] = set()
    for name, value in pairs:
        if name in seen:
            raise Unusable(f"{name[:40]!r} stands there twice")
        seen.add(name)
        if isinstance(value, str):
            fields[name] = _UNSPEAKABLE.sub("", value).strip()
    return fields


def _xml_pairs(text: str) -> Iterable[tuple[str, object]]:
    try:
        root: Element = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Unusable(f"not XML: {type(error).__name__}") from None
    return [(element.tag, None if len(element) else element.text or "") for element in root]


def _json_pairs(text: str) -> Iterable[tuple[str, object]]:
    # An object becomes a list of pairs, so that a field that stands twice is seen; numbers stay
    # as they are written, for a MsgId has more digits than a float.
    try:
        pairs: Any = json.loads(text, object_pairs_hook=list, parse_int=str, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise Unusable(f"not JSON: {type(error).__name__}") from None
    return list(pairs)


def write(fields: Mapping[str, str | int], notation: Notation) -> bytes:
    """Return a reply's fields in that notation."""
    if notation == "json":
        return json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace")
    inside = "".join(f"<{name}>{_xml_value(value)}</{name}>" for name, value in fields.items())
    return f"<xml>{inside}</xml>".encode()


def _xml_value(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    return "<![CDATA[" + _UNSPEAKABLE.sub("", value).replace("]]>", "]]]]><![CDATA[>") + "]]>"
