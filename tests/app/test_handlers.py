"""app.handlers: what each kind of message leads to, from a sealed push to the reply."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import redis

from app import command_words, commands, create_app
from app.handlers import HANDLERS
from contract.job import picture_queue
from contract.settings import Settings
from labels import phrase
from simulator.notation import JSON, XML, Notation
from simulator.pushes import EVENTS, MESSAGES
from tests.app.conftest import ACCOUNT, OPENID, courier

EXAMPLE = Path(__file__).parents[2] / "docs" / "menu.json"
NOTHING = ""
SAYS = {
    "text": phrase("zh", "invitation"),  # 你好
    "image": NOTHING,
    **dict.fromkeys(["voice", "video", "shortvideo", "location"], phrase("zh", "unsupported")),
    **dict.fromkeys(["link", "file"], phrase("zh", "unsupported")),
    "subscribe": phrase("zh", "subscribed"),
    **dict.fromkeys(["SCAN", "CLICK", "scancode_waitmsg"], phrase("zh", "invitation")),
}
BOTH = pytest.mark.parametrize("notation", [XML, JSON], ids=["xml", "json"])


class Door:
    """The webhook, asked as WeChat asks it."""

    def __init__(self, settings: Settings, connection: redis.Redis) -> None:
        self._settings = settings
        self._client = create_app(settings, connection).test_client()

    def ask(self, fields: dict[str, Any], notation: Notation = XML) -> str:
        """Return what the follower reads; empty for nothing."""
        theirs = courier(self._settings, notation)
        common = {"ToUserName": ACCOUNT, "FromUserName": OPENID, "CreateTime": "1795393565"}
        query, body = theirs.seal({**common, **fields})
        response = self._client.post("/wechat", query_string=query, data=body)
        assert response.status_code == 200
        return "" if response.text == "success" else str(theirs.open(response.text)["Content"])


@pytest.fixture
def door(settings: Settings, connection: redis.Redis) -> Door:
    return Door(settings, connection)


@BOTH
@pytest.mark.parametrize("kind", MESSAGES)
def test_every_kind_of_message_is_answered(door: Door, notation: Notation, kind: str) -> None:
    fields = {"MsgType": kind, "MsgId": "24000000000000001", **MESSAGES[kind]}
    assert door.ask(fields, notation) == SAYS[kind]


@BOTH
@pytest.mark.parametrize("event", EVENTS)
def test_every_event_is_answered_or_passed_over(door: Door, notation: Notation, event: str) -> None:
    fields = {"MsgType": "event", "Event": event, **EVENTS[event]}
    assert door.ask(fields, notation) == SAYS.get(event, NOTHING)


def test_every_kind_that_wechat_documents_has_its_line() -> None:
    documented = {*MESSAGES, *(f"event:{event.lower()}" for event in EVENTS)}
    assert documented | {"unknown"} == HANDLERS.keys()


def test_sticker_gets_a_kind_answer_and_is_no_chinese(door: Door) -> None:
    sticker = "【收到不支持的消息类型，暂无法显示】"
    door.ask({"MsgType": "text", "Content": "hello there", "MsgId": "1"})
    said = door.ask({"MsgType": "text", "Content": sticker, "MsgId": "2"})
    assert said == phrase("en", "unsupported")


def test_tap_on_a_line_of_a_menu_that_is_gone_says_so(door: Door) -> None:
    fields = {"MsgType": "text", "Content": "hello there", "MsgId": "1", "bizmsgmenuid": "101"}
    assert door.ask(fields) == phrase("en", "choice_expired")


def test_kinds_that_nobody_knows_are_passed_over(door: Door) -> None:
    assert door.ask({"MsgType": "hologram", "MsgId": "1"}) == NOTHING
    assert door.ask({"MsgType": "event", "Event": "teleported"}) == NOTHING


@pytest.mark.parametrize("event", ["pic_sysphoto", "pic_photo_or_album", "pic_weixin"])
def test_pictures_of_the_menu_are_each_answered_once(
    door: Door, connection: redis.Redis, event: str
) -> None:
    assert door.ask({"MsgType": "event", "Event": event, **EVENTS[event]}) == NOTHING
    image = {"MsgType": "image", **MESSAGES["image"]}
    assert [door.ask({**image, "MsgId": str(number)}) for number in (1, 2)] == [NOTHING, NOTHING]
    assert picture_queue(connection).count == 2


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("help", phrase("zh", "help", questions="").replace("\n\n", "\n")),
        ("English", phrase("en", "language_set")),
        ("删除我的数据", phrase("zh", "data_deleted")),
        ("photo", phrase("zh", "invitation")),
    ],
)
def test_button_of_the_menu_does_what_its_key_says(door: Door, key: str, said: str) -> None:
    assert door.ask({"MsgType": "event", "Event": "CLICK", "EventKey": key}) == said


def test_every_word_of_a_command_does_something() -> None:
    assert set(command_words.WORDS.values()) == set(commands.COMMANDS)


def test_click_buttons_of_the_example_menu_are_commands() -> None:
    buttons = json.loads(EXAMPLE.read_text("utf-8"))["button"]
    below = [each for button in buttons for each in button.get("sub_button", [])]
    keys = [each["key"] for each in [*buttons, *below] if each.get("type") == "click"]
    assert len(keys) == 5
    assert all(commands.find(key) for key in keys)
