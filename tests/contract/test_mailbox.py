"""contract.mailbox"""

from __future__ import annotations

import pytest
import redis

from contract.follower import Followers
from contract.mailbox import Mailbox
from contract.settings import Settings

OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ1"


@pytest.fixture
def mailbox(settings: Settings, connection: redis.Redis) -> Mailbox:
    return Mailbox(connection, Followers(settings, connection))


def test_answers_come_out_once_in_the_order_of_their_messages(mailbox: Mailbox) -> None:
    mailbox.put(OPENID, "b", 2.0, "second")
    mailbox.put(OPENID, "a", 1.0, "first")
    mailbox.put(OPENID, "a", 1.0, "first")
    assert mailbox.take(OPENID, "m1") == "first\n\nsecond"
    assert mailbox.take(OPENID, "m2") == ""


def test_repeat_of_a_message_gets_the_same_reply(mailbox: Mailbox) -> None:
    mailbox.put(OPENID, "a", 1.0, "答案")
    assert [mailbox.take(OPENID, "m1") for _ in range(3)] == ["答案"] * 3


def test_what_is_too_long_stays_for_the_next_reply(mailbox: Mailbox) -> None:
    for number in range(3):
        mailbox.put(OPENID, str(number), number, f"{number}" * 700)
    taken = [mailbox.take(OPENID, f"m{number}") for number in range(3)]
    assert [len(text) for text in taken] == [1402, 700, 0]


def test_looking_costs_no_trip_of_its_own(mailbox: Mailbox, connection: redis.Redis) -> None:
    def seen() -> list[int]:
        with connection.pipeline() as pipeline:
            mailbox.look(pipeline, OPENID, "m1")
            return list(pipeline.execute())

    assert seen() == [0, 0]
    mailbox.put(OPENID, "a", 1.0, "answer")
    assert seen() == [1, 0]
    mailbox.take(OPENID, "m1")
    assert seen() == [0, 1]  # for the repeat


def test_nothing_stays_of_a_follower_who_leaves(mailbox: Mailbox, connection: redis.Redis) -> None:
    mailbox.put(OPENID, "a", 1.0, "answer")
    mailbox.forget(OPENID)
    assert list(connection.scan_iter("kantu:mailbox:*")) == []


def test_answer_can_be_taken_out_again(mailbox: Mailbox) -> None:
    mailbox.put(OPENID, "a", 1.0, "one")
    mailbox.put(OPENID, "b", 2.0, "two")
    mailbox.withdraw(OPENID, "a")
    assert mailbox.take(OPENID, "m1") == "two"
