"""contract.turns"""

from __future__ import annotations

import pytest
import redis

from contract.follower import Followers
from contract.settings import Settings
from contract.turns import Turns

OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ1"


@pytest.fixture
def turns(settings: Settings, connection: redis.Redis) -> Turns:
    return Turns(connection, Followers(settings, connection))


def join(turns: Turns, connection: redis.Redis, *names: str) -> None:
    for name in names:
        with connection.pipeline() as pipeline:
            turns.join(pipeline, OPENID, name)
            pipeline.execute()


def test_earlier_messages_stand_ahead_until_they_leave(
    turns: Turns, connection: redis.Redis
) -> None:
    join(turns, connection, "picture:1", "question:2", "picture:3")
    assert turns.place(OPENID, "picture:3").ahead == ["picture:1", "question:2"]
    assert turns.leave(OPENID, "picture:1") == ["question:2", "picture:3"]
    assert turns.place(OPENID, "picture:3").ahead == ["question:2"]
    assert turns.place(OPENID, "question:2").ahead == []


def test_pictures_are_numbered_where_there_are_several(
    turns: Turns, connection: redis.Redis
) -> None:
    join(turns, connection, "picture:1")
    assert turns.place(OPENID, "picture:1").number == 0
    join(turns, connection, "question:2", "picture:3")
    assert turns.place(OPENID, "picture:1").number == 1
    assert turns.place(OPENID, "picture:3").number == 2
    assert turns.place(OPENID, "question:2").number == 0


def test_number_is_kept_when_others_have_left(turns: Turns, connection: redis.Redis) -> None:
    join(turns, connection, "picture:1", "picture:2")
    turns.leave(OPENID, "picture:1")
    assert turns.place(OPENID, "picture:2").number == 2


def test_line_is_forgotten_soon_after_the_last_has_left(
    turns: Turns, connection: redis.Redis
) -> None:
    join(turns, connection, "picture:1", "picture:2")
    turns.leave(OPENID, "picture:2")
    lives = [connection.ttl(key) for key in connection.scan_iter("kantu:turns:*")]
    assert min(lives) > 500
    turns.leave(OPENID, "picture:1")
    lives = [connection.ttl(key) for key in connection.scan_iter("kantu:turns:*")]
    assert (len(lives), max(lives) <= 5) == (2, True)


def test_repeat_takes_its_second_place_back(turns: Turns, connection: redis.Redis) -> None:
    join(turns, connection, "picture:1", "picture:2", "picture:1")
    turns.withdraw(OPENID, "picture:1")
    assert turns.place(OPENID, "picture:2").ahead == ["picture:1"]
    assert turns.place(OPENID, "picture:1").number == 1


def test_repeat_that_has_not_gone_yet_is_no_picture_of_its_own(
    turns: Turns, connection: redis.Redis
) -> None:
    join(turns, connection, "picture:1", "picture:1")  # the webhook is at it, or has died over it
    assert turns.place(OPENID, "picture:1").number == 0
    join(turns, connection, "picture:2")
    assert turns.place(OPENID, "picture:2").number == 2


def test_message_in_no_line_waits_for_nobody(turns: Turns) -> None:
    place = turns.place(OPENID, "picture:9")
    assert (list(place.ahead), place.number) == ([], 0)
    assert turns.leave(OPENID, "picture:9") == []


def test_nothing_stays_of_a_follower_who_leaves(turns: Turns, connection: redis.Redis) -> None:
    join(turns, connection, "picture:1")
    turns.leave(OPENID, "picture:1")
    turns.forget(OPENID)
    assert list(connection.scan_iter("kantu:*")) == []
