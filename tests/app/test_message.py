"""app.message"""

from __future__ import annotations

import contextlib
import time

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from app.message import Message, Unusable, parse, text_reply

IMAGE = (
    "<xml><ToUserName><![CDATA[gh_0123456789ab]]></ToUserName>"
    "<FromUserName><![CDATA[oABCDEFGHIJKLMNOPQRSTUVWXYZ1]]></FromUserName>"
    "<CreateTime>1795393565</CreateTime><MsgType><![CDATA[image]]></MsgType>"
    "<PicUrl><![CDATA[http://mmbiz.qpic.cn/x/0]]></PicUrl><MsgId>24000000000000001</MsgId>"
    "<MediaId><![CDATA[AbC_d-9]]></MediaId></xml>"
)
BOMB = (
    '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<xml><MsgType>&b;</MsgType></xml>"
)


def test_image_is_read() -> None:
    assert parse(IMAGE.encode()) == Message(
        account="gh_0123456789ab",
        follower="oABCDEFGHIJKLMNOPQRSTUVWXYZ1",
        created=1795393565,
        kind="image",
        message_id="24000000000000001",
        media_id="AbC_d-9",
        picture_url="http://mmbiz.qpic.cn/x/0",
    )


def test_event_needs_no_msgid_and_its_case_does_not_matter() -> None:
    body = IMAGE.replace("image", "event").replace("<MsgId>24000000000000001</MsgId>", "")
    message = parse(body.replace("</xml>", "<Event>SUBSCRIBE</Event></xml>").encode())
    assert message.kind == "event:subscribe"


def test_byte_order_mark_is_no_obstacle() -> None:
    assert parse("﻿".encode() + IMAGE.encode()).kind == "image"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="empty"),
        pytest.param("hello", id="no XML"),
        pytest.param("<xml/>", id="empty XML"),
        pytest.param("[]", id="JSON"),
        pytest.param(BOMB, id="entities"),
        pytest.param("<!DOCTYPE x SYSTEM 'file:///etc/passwd'><xml/>", id="external entity"),
        pytest.param("<xml>" + "<a>" * 5000 + "</a>" * 5000 + "</xml>", id="deep"),
        pytest.param(IMAGE.replace("FromUserName", "From"), id="no sender"),
        pytest.param(IMAGE.replace("1795393565", "soon"), id="CreateTime in words"),
        pytest.param(IMAGE.replace("1795393565", "9" * 30), id="CreateTime too large"),
        pytest.param(IMAGE.replace("24000000000000001", "abc"), id="MsgId in words"),
        pytest.param(IMAGE.replace("AbC_d-9", "../../etc/x"), id="MediaId with a path"),
        pytest.param(IMAGE.replace("AbC_d-9", "x" * 200), id="MediaId too long"),
        pytest.param(IMAGE.replace("</xml>", "<MsgType>text</MsgType></xml>"), id="twice"),
        pytest.param(IMAGE.replace("oABCDEFG", "o]]&gt;<b/>"), id="nested sender"),
    ],
)
def test_useless_body_is_refused(body: str) -> None:
    started = time.monotonic()
    with pytest.raises(Unusable):
        parse(body.encode())
    assert time.monotonic() - started < 1


def test_other_encodings_are_refused() -> None:
    with pytest.raises(Unusable):
        parse(IMAGE.replace("http", "你好").encode("gbk"))


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(body: bytes) -> None:
    with pytest.raises(Unusable):
        parse(body)


@given(st.integers(0, len(IMAGE) - 1), st.characters())
def test_no_change_of_a_character_raises_anything_else(place: int, character: str) -> None:
    changed = IMAGE[:place] + character + IMAGE[place + 1 :]
    with contextlib.suppress(Unusable):
        parse(changed.encode("utf-8", "replace"))


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_reply_says_what_it_is_to_say(text: str) -> None:
    message = parse(IMAGE.encode())
    root = fromstring(text_reply(message, text, 1795393570).decode())
    assert (root.findtext("Content") or "") == text
    assert root.findtext("ToUserName") == message.follower
    assert root.findtext("FromUserName") == message.account


def test_reply_cannot_be_broken_out_of() -> None:
    said = "a]]></Content><MsgType>x"
    root = fromstring(text_reply(parse(IMAGE.encode()), said, 0).decode())
    assert root.findtext("Content") == said
    assert [child.tag for child in root].count("MsgType") == 1
