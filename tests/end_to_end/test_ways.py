"""Replies by push, in WeChat's own request, or either: the webhook and the worker, really running.

WeChat is the simulator's: five seconds for a try, three tries, five pushes for a message.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from labels import phrase
from launch import programs
from launch.supervisor import free_port
from simulator.courier import Courier
from simulator.errors import ApiError
from tests.chaos.arena import Arena
from tests.chaos.models import ANSWER, REPLY
from tests.conftest import WeChatServer, make_settings, until
from tests.end_to_end.chat import BOTH, DRAWING, Chat, begin, opened
from worker.scene import describe, read_scene, suggest

Start = Callable[..., Arena]


@pytest.fixture
def start(tmp_path: Path, wechat_server: WeChatServer, samples: dict[str, bytes]) -> Iterator[Any]:
    """Start everything with these settings; all ends with the test."""
    with contextlib.ExitStack() as stack:

        def begin(**settings: str) -> Arena:
            arena = Arena(tmp_path, wechat_server, samples["1-digit-3"], **settings)
            return stack.enter_context(arena.open())

        yield begin


def ways(arena: Arena, openid: str) -> list[str]:
    """Return how each answer came: push or passive."""
    events = arena.account.transcript.since(0)
    return [e["way"] for e in events if e["kind"] == "answer" and e["follower"] == openid]


def never_push(arena: Arena) -> None:
    def receive(*_: object) -> None:
        raise AssertionError("nothing may be pushed")

    arena.account.receive_text = receive  # type: ignore[assignment, method-assign]


def test_passive_answer_comes_in_the_request_itself(start: Start) -> None:
    arena = start(WECHAT_REPLY="passive")
    never_push(arena)
    (openid,) = arena.send(1)
    arena.wait_for_answers([openid])
    (said,) = arena.read(openid)
    answer, _, choices = said.partition("\n\n")
    assert answer.endswith(ANSWER)
    assert choices.splitlines()[0] == phrase("zh", "choose")
    assert ways(arena, openid) == ["passive"]


def test_passive_answer_that_is_late_comes_with_a_later_try(start: Start) -> None:
    arena = start(WECHAT_REPLY="passive")
    never_push(arena)
    arena.models.behave = lambda: time.sleep(4.8)
    (openid,) = arena.send(1)
    arena.wait_for_answers([openid])
    assert arena.read(openid)[0].startswith("让我猜猜")
    assert len(arena.read(openid)) == 1
    deliveries = [e for e in arena.account.transcript.since(0) if e["kind"] == "delivery"]
    assert [e["status"] for e in deliveries] == [0, 200]


def test_passive_answer_that_is_too_late_comes_with_any_word(start: Start) -> None:
    arena = start(WECHAT_REPLY="passive")
    never_push(arena)
    free = [False]
    arena.models.behave = lambda: until(lambda: free[0])
    (openid,) = arena.send(1)
    until(lambda: arena.read(openid) == [phrase("zh", "ask_again")])
    free[0] = True
    arena.settle(40)
    arena.say(openid, "好了吗")
    until(lambda: len(arena.read(openid)) == 2)
    assert phrase("zh", "ask_again") not in arena.read(openid)[1]


def test_hybrid_answer_is_pushed_only_where_it_is_late(start: Start) -> None:
    arena = start(WECHAT_REPLY="hybrid")
    (quick,) = arena.send(1)
    arena.wait_for_answers([quick])
    assert ways(arena, quick) == ["passive"]
    arena.models.behave = lambda: time.sleep(4.9)
    (slow,) = arena.send(1)
    arena.wait_for_answers([slow])
    arena.settle()
    assert ways(arena, slow) == ["push"]
    assert arena.doubled() == 0


def test_account_that_may_not_push_answers_passively_by_itself(
    start: Start,
) -> None:
    arena = start()

    def refuse(*_: object) -> None:
        raise ApiError(48001)

    arena.account.receive_text = refuse  # type: ignore[assignment, method-assign]
    (openid,) = arena.send(1)
    arena.settle()
    assert arena.read(openid) == []  # the first one's delivery was over
    arena.send_again(openid)
    until(lambda: len(arena.read(openid)) == 1)
    first, second = arena.read(openid)[0].split("\n\n")[:2]
    assert first.endswith(ANSWER)
    assert second.endswith(ANSWER)
    assert ways(arena, openid) == ["passive"]


@pytest.fixture(scope="module")
def passive(tmp_path_factory: pytest.TempPathFactory, samples: dict[str, bytes]) -> Iterator[Arena]:
    """Everything, replying in WeChat's own requests."""
    picture = samples["1-digit-3"]
    with opened(tmp_path_factory.mktemp("passive"), picture, WECHAT_REPLY="passive") as arena:
        yield arena


@BOTH
def test_passive_answer_offers_numbers(passive: Arena, language: str) -> None:
    passive.models.scene = DRAWING
    chat = begin(passive, passive.courier, language)
    answer, _, choices = chat.show().partition("\n\n")
    assert answer == describe(read_scene(DRAWING), language)
    texts = [chat.words("right"), chat.words("wrong"), *suggest(read_scene(DRAWING), language)]
    lines = [chat.words("choice", number=number, text=text) for number, text in enumerate(texts, 1)]
    assert choices.splitlines() == [chat.words("choose"), *lines]
    assert chat.say("1") == chat.words("thanks_right")
    answer, _, choices = chat.say("3").partition("\n\n")
    assert answer == REPLY + chat.words("ask_largest")
    assert len(choices.splitlines()) == 5
    assert {each["way"] for each in chat.events("answer")} == {"passive"}


@BOTH
def test_account_without_menus_offers_numbers_by_push(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat.arena.account, "menus", False)
    answer, _, choices = chat.show().partition("\n\n")
    assert answer.startswith(chat.words("sure", percent="96.0%", name=""))
    assert choices.splitlines()[0] == chat.words("choose")
    assert chat.events("menu") == []
    assert chat.events("answer")[-1]["way"] == "push"
    assert chat.say("2") == chat.words("thanks_wrong")


@BOTH
def test_picture_is_acknowledged_where_the_account_wants_it(
    arena: Arena, language: str, tmp_path: Path
) -> None:
    port = free_port()
    environment = {**arena.environment, "ACKNOWLEDGE": "true"}
    app = programs.webhook(port, environment, tmp_path / "app.log")
    app.start()
    try:
        until(app.ready)
        courier = Courier(arena.account, make_settings(), f"http://127.0.0.1:{port}/wechat")
        chat = begin(arena, courier, language)
        chat.send()
        texts = sorted(chat.hear(2))  # the push may be quicker
        assert chat.words("acknowledged") in texts
        assert any(text.startswith(chat.words("sure", percent="96.0%", name="")) for text in texts)
    finally:
        app.end()
