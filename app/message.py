"""What followers send, as WeChat's XML tells it: strict parse, typed fields, no surprises later."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

_OPENID = re.compile(r"[\w-]{6,64}", re.ASCII)
_MEDIA_ID = re.compile(r"[\w-]{1,128}", re.ASCII)
_NUMBER = re.compile(r"\d{1,19}", re.ASCII)


class Unusable(Exception):
    """The body is not a message that anything can be done with; the text says why."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One push from WeChat: a message or an event."""

    account: str  # ToUserName, gh_…: who is written to
    follower: str  # FromUserName, the OpenID
    created: int  # CreateTime, seconds since 1970
    kind: str  # MsgType in lower case, or "event:" and the Event in lower case
    message_id: str  # MsgId; empty for events
    content: str = ""  # text messages
    media_id: str = ""  # image messages
    picture_url: str = ""  # image messages: PicUrl


def parse(body: bytes) -> Message:
    """Return the message in a (decrypted) body; raise Unusable."""
    fields = read_fields(body)
    kind = fields.get("MsgType", "").lower()
    if kind == "event":
        kind = f"event:{fields.get('Event', '').lower()}"
    return Message(
        account=_match(fields, "ToUserName", _OPENID),
        follower=_match(fields, "FromUserName", _OPENID),
        created=int(_match(fields, "CreateTime", _NUMBER)),
        kind=kind,
        message_id="" if kind.startswith("event:") else _match(fields, "MsgId", _NUMBER),
        content=fields.get("Content", ""),
        media_id=_match(fields, "MediaId", _MEDIA_ID) if kind == "image" else "",
        picture_url=fields.get("PicUrl", ""),
    )


def read_fields(body: bytes) -> dict[str, str]:
    """Return tag -> text of the elements right under the root; raise Unusable.

    A tag that stands twice is refused, since two readers could take two different ones.
    """
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise Unusable(f"not XML: {type(error).__name__}") from None
    fields: dict[str, str] = {}
    for element in root:
        if element.tag in fields:
            raise Unusable(f"{element.tag} stands there twice")
        fields[element.tag] = (element.text or "").strip()
    return fields


def _match(fields: Mapping[str, str], tag: str, pattern: re.Pattern[str]) -> str:
    value = fields.get(tag, "")
    if not pattern.fullmatch(value):
        raise Unusable(f"{tag} is missing or malformed")
    return value


def text_reply(message: Message, text: str, now: int) -> bytes:
    """Return the XML of a passive text reply to the sender of message."""
    return (
        f"<xml><ToUserName>{_cdata(message.follower)}</ToUserName>"
        f"<FromUserName>{_cdata(message.account)}</FromUserName>"
        f"<CreateTime>{now}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content>{_cdata(text)}</Content></xml>"
    ).encode()


def _cdata(text: str) -> str:
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"
