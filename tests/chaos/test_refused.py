"""WeChat refuses the account or the follower, and followers leave."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from simulator.errors import ApiError
from tests.chaos.arena import Arena
from tests.chaos.models import ANSWER
from tests.conftest import until
from worker.errcodes import Api

pytestmark = pytest.mark.chaos
SEND = "message/custom/send"


def test_quota_of_sends_is_used_up_and_answers_wait_in_the_mailbox(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    def used_up(*_: object) -> None:
        raise ApiError(45009)

    monkeypatch.setattr(arena.account, "receive_text", used_up)
    (first,) = arena.send(1)
    assert arena.settle() == {"parked": 1}
    openids = [first, *arena.send(5)]
    for openid in openids:
        arena.send_again(openid)  # the reply to which brings what waits
    arena.wait_for_answers(openids)
    until(lambda: arena.outcomes() == {"parked": 12})
    assert {"".join(arena.read(openid)).count(ANSWER) for openid in openids} <= {1, 2}
    assert arena.calls(SEND) == 1  # nobody asks until midnight
    monkeypatch.undo()
    arena.redis.delete(*arena.redis.keys(f"kantu:wechat:*:pause:{Api.SEND}"))  # its reset
    arena.send_again(first)
    until(lambda: "".join(arena.read(first)).count(ANSWER) == 3)


def test_follower_leaves_before_the_reply(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    receive, looking = arena.account.receive_text, threading.Event()

    def canceled(openid: object, text: object) -> None:
        if openid == gone[1]:
            raise ApiError(45015)  # the other errcode that WeChat documents for this
        receive(openid, text)

    def wait() -> Any:
        looking.wait(10)

    monkeypatch.setattr(arena.account, "receive_text", canceled)
    arena.models.behave = wait
    gone = arena.send(2)
    until(lambda: arena.models.asked == 2)
    for openid in gone:
        arena.leave(openid)
    looking.set()
    assert arena.settle() == {"dropped": 1, "parked": 1}
    assert arena.calls(SEND) == 2  # once each
    assert [arena.read(openid) for openid in gone] == [[], []]
    kept = [key for openid in gone for key in arena.kept_of(openid)]
    assert kept == []
