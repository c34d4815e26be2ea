"""What followers send: typed fields out of WeChat's own, checked, so that nothing surprises later.

Source: "Receiving standard messages" and "Receiving event pushes" in WeChat's documentation. Only
what an answer may depend on is read.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

from app.notation import Unusable, read

_USER = re.compile(r"[\w-]{6,64}", re.ASCII)  # an OpenID, gh_…, or a service of WeChat's
_MEDIA_ID = re.compile(r"[\w-]{1,128}", re.ASCII)
_NUMBER = re.compile(r"\d{1,19}", re.ASCII)  # MsgId: 64 bits
_SECONDS = re.compile(r"\d{1,11}", re.ASCII)
_TYPE = re.compile(r"\w{1,64}", re.ASCII)
_KEY = re.compile(r"[^\x00-\x1f]{1,1024}")  # EventKey may be the address of a page
_URL = re.compile(r"https?://[!-~]{1,1024}")
# What WeChat sends in place of a sticker and whatever else it has no MsgType for.
_NOT_SHOWN = "【收到不支持的消息类型，暂无法显示】"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One push from WeChat: a message or an event."""

    account: str  # ToUserName, gh_…: who is written to
    follower: str  # FromUserName, the OpenID
    created: int  # CreateTime, seconds since 1970
    kind: str  # MsgType in lower case, or "event:" and the Event in lower case
    message_id: str  # MsgId; empty for events
    content: str = ""  # text messages
    menu_id: str = ""  # text messages: bizmsgmenuid, where a line of a menu message was tapped
    media_id: str = ""  # image messages
    picture_url: str = ""  # image messages: PicUrl
    event_key: str = ""  # events: EventKey, such as qrscene_… or that of the menu's button


def parse(body: bytes) -> Message:
    """Return the message in a (decrypted) body; raise Unusable."""
    fields = read(body)
    kind = _kind(fields)
    is_event = kind.startswith("event:")
    is_text, is_image = kind == "text", kind == "image"
    return Message(
        account=_needed(fields, "ToUserName", _USER),
        follower=_needed(fields, "FromUserName", _USER),
        created=int(_needed(fields, "CreateTime", _SECONDS)),
        kind=kind,
        message_id="" if is_event else _needed(fields, "MsgId", _NUMBER),
        content=fields.get("Content", "") if is_text else "",
        menu_id=_optional(fields, "bizmsgmenuid", _KEY) if is_text else "",
        media_id=_needed(fields, "MediaId", _MEDIA_ID) if is_image else "",
        picture_url=_optional(fields, "PicUrl", _URL) if is_image else "",
        event_key=_optional(fields, "EventKey", _KEY) if is_event else "",
    )


def _kind(fields: Mapping[str, str]) -> str:
    kind = _needed(fields, "MsgType", _TYPE).lower()
    if kind == "event":
        return f"event:{_needed(fields, 'Event', _TYPE).lower()}"
    return "unknown" if kind == "text" and fields.get("Content") == _NOT_SHOWN else kind


def _needed(fields: Mapping[str, str], name: str, pattern: re.Pattern[str]) -> str:
    value = fields.get(name, "")
    if not pattern.fullmatch(value):
        raise Unusable(f"{name} is missing or malformed")
    return value


def _optional(fields: Mapping[str, str], name: str, pattern: re.Pattern[str]) -> str:
    """Return the field, or an empty text where it is missing or malformed."""
    value = fields.get(name, "")
    return value if pattern.fullmatch(value) else ""


def text_reply(message: Message, text: str, now: int) -> dict[str, str | int]:
    """Return the fields of a passive text reply to the sender of message."""
    return {
        "ToUserName": message.follower,
        "FromUserName": message.account,
        "CreateTime": now,
        "MsgType": "text",
        "Content": text,
    }
