"""app.message"""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.message import Message, parse, text_reply
from app.notation import Unusable
from simulator.notation import JSON, XML, Notation
from simulator.pushes import EVENTS, MESSAGES

IMAGE = {
    "ToUserName": "gh_0123456789ab",
    "FromUserName": "oABCDEFGHIJKLMNOPQRSTUVWXYZ1",
    "CreateTime": "1795393565",
    "MsgType": "image",
    "PicUrl": "http://mmbiz.qpic.cn/x/0",
    "MsgId": "9223372036854775807",
    "MediaId": "AbC_d-9",
}
BOTH = pytest.mark.parametrize("notation", [XML, JSON], ids=["xml", "json"])


def message(notation: Notation = XML, **changes: Any) -> Message:
    """Parse the image, changed; None takes a field away."""
    fields = {name: value for name, value in {**IMAGE, **changes}.items() if value is not None}
    return parse(notation.write(fields).encode())


@BOTH
def test_image_is_read(notation: Notation) -> None:
    assert message(notation) == Message(
        account="gh_0123456789ab",
        follower="oABCDEFGHIJKLMNOPQRSTUVWXYZ1",
        created=1795393565,
        kind="image",
        message_id="9223372036854775807",
        media_id="AbC_d-9",
        picture_url="http://mmbiz.qpic.cn/x/0",
    )


@BOTH
@pytest.mark.parametrize("kind", MESSAGES)
def test_every_kind_of_message_is_read(notation: Notation, kind: str) -> None:
    found = message(
        notation, **{"PicUrl": None, "MediaId": None, "MsgType": kind, **MESSAGES[kind]}
    )
    assert (found.kind, found.message_id) == (kind, "9223372036854775807")


@BOTH
@pytest.mark.parametrize("event", EVENTS)
def test_every_event_is_read(notation: Notation, event: str) -> None:
    found = message(notation, MsgType="event", Event=event, MsgId=None, **EVENTS[event])
    assert (found.kind, found.message_id) == (f"event:{event.lower()}", "")
    assert found.event_key == EVENTS[event].get("EventKey", "")


@BOTH
def test_tap_on_a_line_of_a_menu_carries_its_id(notation: Notation) -> None:
    found = message(notation, MsgType="text", Content="满意", bizmsgmenuid="101")
    assert (found.kind, found.content, found.menu_id) == ("text", "满意", "101")


def test_menu_id_may_be_a_number() -> None:
    fields = JSON.write({**IMAGE, "MsgType": "text", "Content": "1"})
    assert parse(fields[:-1].encode() + b', "bizmsgmenuid": 101}').menu_id == "101"


def test_case_of_kinds_does_not_matter() -> None:
    assert message(MsgType="Event", Event="Subscribe").kind == "event:subscribe"
    assert message(MsgType="IMAGE").kind == "image"


def test_what_wechat_cannot_pass_on_is_no_text() -> None:
    found = message(MsgType="text", Content="【收到不支持的消息类型，暂无法显示】")
    assert (found.kind, found.content) == ("unknown", "")


def test_picture_may_come_without_its_address() -> None:
    assert message(PicUrl=None).picture_url == ""


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "http://a b", "http://", "http://" + "x" * 2000, "http://你好"]
)
def test_address_that_is_none_is_left_out(url: str) -> None:
    assert message(PicUrl=url).picture_url == ""


@BOTH
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"ToUserName": None}, id="no account"),
        pytest.param({"FromUserName": None}, id="no sender"),
        pytest.param({"FromUserName": "o" * 4096}, id="long sender"),
        pytest.param({"FromUserName": "o]]><b/>"}, id="sender with a tag"),
        pytest.param({"FromUserName": {"b": "oABCDEFGHIJ"}}, id="nested sender"),
        pytest.param({"FromUserName": "oABCDEFGHIJKLMNOPQRSTUVWXYZ１"}, id="sender not in ASCII"),
        pytest.param({"CreateTime": None}, id="no CreateTime"),
        pytest.param({"CreateTime": "soon"}, id="CreateTime in words"),
        pytest.param({"CreateTime": "1" + "0" * 20}, id="CreateTime too large"),
        pytest.param({"CreateTime": "-1"}, id="CreateTime before all time"),
        pytest.param({"CreateTime": "1.5"}, id="CreateTime with a fraction"),
        pytest.param({"MsgId": None}, id="no MsgId"),
        pytest.param({"MsgId": "abc"}, id="MsgId in words"),
        pytest.param({"MsgId": "1" * 20}, id="MsgId of more than 64 bits"),
        pytest.param({"MsgId": "１２"}, id="MsgId in wide digits"),
        pytest.param({"MediaId": None}, id="no MediaId"),
        pytest.param({"MediaId": "../../etc/x"}, id="MediaId with a path"),
        pytest.param({"MediaId": "x" * 200}, id="MediaId too long"),
        pytest.param({"MsgType": None}, id="no MsgType"),
        pytest.param({"MsgType": ""}, id="empty MsgType"),
        pytest.param({"MsgType": "x" * 65}, id="long MsgType"),
        pytest.param({"MsgType": "im age"}, id="MsgType of two words"),
        pytest.param({"MsgType": "event"}, id="no Event"),
        pytest.param({"MsgType": "event", "Event": ""}, id="empty Event"),
    ],
)
def test_useless_push_is_refused(notation: Notation, changes: dict[str, Any]) -> None:
    with pytest.raises(Unusable):
        message(notation, **changes)


BODIES = [notation.write(IMAGE) for notation in (XML, JSON)]


@given(st.sampled_from(BODIES), st.data(), st.characters())
def test_no_change_of_a_character_raises_anything_else(
    body: str, data: st.DataObject, character: str
) -> None:
    place = data.draw(st.integers(0, len(body) - 1))
    changed = body[:place] + character + body[place + 1 :]
    with contextlib.suppress(Unusable):
        parse(changed.encode("utf-8", "replace"))


def test_reply_goes_back_to_the_sender() -> None:
    assert text_reply(message(), "你好", 1795393570) == {
        "ToUserName": "oABCDEFGHIJKLMNOPQRSTUVWXYZ1",
        "FromUserName": "gh_0123456789ab",
        "CreateTime": 1795393570,
        "MsgType": "text",
        "Content": "你好",
    }
