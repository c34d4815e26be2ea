"""contract.mailbox"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis
from redis.connection import Connection

from contract.follower import Followers
from contract.mailbox import Mailbox
from contract.settings import Settings

OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ1"


class Overtaken(Connection):
    """Lets somebody else go first, once, when it has read the mailbox and is about to empty it."""

    by: Callable[[], object] | None = None

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        if (overtake := type(self).by) and b"HDEL" in b"".join(command):
            type(self).by = None
            overtake()
        super().send_packed_command(command, check_health)  # type: ignore[no-untyped-call]


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


@pytest.mark.parametrize(("size", "taken"), [(750, [1502, 750, 0]), (751, [751, 751, 751])])
def test_what_is_too_long_stays_for_the_next_reply(
    mailbox: Mailbox, size: int, taken: list[int]
) -> None:
    for number in range(3):
        mailbox.put(OPENID, str(number), number, f"{number}" * size)
    assert [len(mailbox.take(OPENID, f"m{number}")) for number in range(3)] == taken


def test_short_answer_does_not_overtake_a_long_one(mailbox: Mailbox) -> None:
    for number, size in enumerate([700, 1000, 100]):
        mailbox.put(OPENID, str(number), number, f"{number}" * size)
    assert mailbox.take(OPENID, "m1") == "0" * 700
    assert mailbox.take(OPENID, "m2") == "1" * 1000 + "\n\n" + "2" * 100


def test_answer_too_long_for_one_reply_comes_in_its_order_and_is_cut_in_the_end(
    mailbox: Mailbox,
) -> None:
    pages = [character * 500 for character in "一二三四五六七八九十"]  # 1500 bytes each
    mailbox.put(OPENID, "a", 1.0, "".join(pages))
    assert [mailbox.take(OPENID, f"m{number}") for number in range(10)] == [*pages[:9], ""]


def test_two_messages_at_once_do_not_both_get_an_answer(
    settings: Settings, mailbox: Mailbox, redis_url: str
) -> None:
    mailbox.put(OPENID, "a", 1.0, "answer")
    pool = redis.ConnectionPool.from_url(redis_url, connection_class=Overtaken)
    slower = redis.Redis(connection_pool=pool)
    overtaken = Mailbox(slower, Followers(settings, slower))
    Overtaken.by = lambda: mailbox.take(OPENID, "m1")
    assert overtaken.take(OPENID, "m2") == ""
    assert mailbox.take(OPENID, "m1") == "answer"  # again
    pool.disconnect()


def test_answer_is_kept_for_a_week_and_a_reply_while_wechat_may_repeat_its_message(
    mailbox: Mailbox, connection: redis.Redis
) -> None:
    mailbox.put(OPENID, "a", 1.0, "answer")
    mailbox.put(OPENID, "b", 2.0, "b" * 1500)
    mailbox.take(OPENID, "m1")
    lives = sorted(connection.ttl(key) for key in connection.scan_iter("kantu:mailbox:*"))
    assert 50 < lives[0] <= 60  # seconds
    assert 604_700 < lives[1] <= 604_800


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
    mailbox.put(OPENID, "a", 1.0, "one" * 9 * 1500)  # as many parts as there may be
    mailbox.put(OPENID, "b", 2.0, "two")
    mailbox.withdraw(OPENID, "a")
    assert mailbox.take(OPENID, "m1") == "two"
