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
from simulator.errors import ApiError
from tests.chaos.arena import Arena
from tests.chaos.models import ANSWER
from tests.conftest import WeChatServer, until

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
