"""XML and JSON as WeChat writes them, in whichever of the two the account's console asks for."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import xmltodict

Push = Mapping[str, Any]  # fields of a push by their tags: texts, or more fields inside
_NUMBERS = {"CreateTime", "MsgId", "Count", "MenuId", "Location_X", "Location_Y", "Scale"}


@dataclasses.dataclass(frozen=True, slots=True)
class Notation:
    """How pushes are written and replies are read."""

    write: Callable[[Push], str]
    read: Callable[[str], dict[str, Any]]


def _xml(push: Push) -> str:
    """Return the fields as WeChat writes them: numbers bare, the rest in CDATA."""
    return f"<xml>{_elements(push)}</xml>"


def _elements(fields: Push) -> str:
    return "".join(f"<{tag}>{_value(value)}</{tag}>" for tag, value in fields.items())


def _value(text: str | Push) -> str:
    if not isinstance(text, str):
        return _elements(text)
    if text.isascii() and text.isdecimal():
        return text
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"


def _json(push: Push) -> str:
    fields = {tag: _number(text) if tag in _NUMBERS else text for tag, text in push.items()}
    return json.dumps(fields, ensure_ascii=False)


def _number(text: str) -> int | float | str:
    if re.fullmatch(r"\d+", text, re.ASCII):
        return int(text)
    return float(text) if re.fullmatch(r"\d+\.\d+", text, re.ASCII) else text


XML = Notation(write=_xml, read=lambda text: dict(xmltodict.parse(text)["xml"]))
JSON = Notation(write=_json, read=lambda text: dict(json.loads(text)))
