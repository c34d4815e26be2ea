"""contract.talk"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import redis

from contract.follower import Followers
from contract.settings import Settings
from contract.talk import Early, Exchange, Talks
from tests.conftest import make_settings

OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ1"
ASKED = Exchange(picture="p1", question="最大的是什么颜色？", answer="红色", asked=1.5)
EARLY = Early(question="有几个圆？", asked=1.5, language="zh")


@pytest.fixture
def talks(settings: Settings, connection: redis.Redis) -> Talks:
    return Talks(settings, connection, Followers(settings, connection))


def test_the_last_six_exchanges_are_remembered_for_minutes(
    talks: Talks, connection: redis.Redis
) -> None:
    exchanges = [dataclasses.replace(ASKED, asked=float(number)) for number in range(8)]
    for each in exchanges:
        talks.add(OPENID, each)
    assert talks.read(OPENID) == exchanges[2:]
    (key,) = connection.scan_iter("kantu:talk:*")
    assert 0 < connection.ttl(key) <= 600


def test_question_that_came_early_is_taken_once(talks: Talks) -> None:
    talks.ask_later(OPENID, dataclasses.replace(EARLY, question="在吗"))
    talks.ask_later(OPENID, EARLY)
    assert talks.take_early(OPENID) == EARLY
    assert talks.take_early(OPENID) is None


def test_redis_does_not_know_what_was_asked(talks: Talks, connection: redis.Redis) -> None:
    talks.add(OPENID, ASKED)
    talks.ask_later(OPENID, EARLY)
    found: list[Any] = [
        *connection.lrange(next(connection.scan_iter("kantu:talk:*")), 0, -1),
        connection.get(next(connection.scan_iter("kantu:early:*"))),
    ]
    kept = b"".join(found)
    for word in ("颜色", "红色", "圆", OPENID):
        assert word.encode() not in kept
        assert word.encode("unicode_escape") not in kept


def test_what_another_token_has_sealed_counts_as_nothing(
    talks: Talks, settings: Settings, connection: redis.Redis
) -> None:
    talks.add(OPENID, ASKED)
    other = make_settings(redis_url=str(settings.redis_url), wechat_token="another-token")
    thief = Talks(other, connection, Followers(settings, connection))
    assert thief.read(OPENID) == []
    thief.ask_later(OPENID, EARLY)
    assert talks.take_early(OPENID) is None


def test_forgetting_leaves_nothing(talks: Talks, connection: redis.Redis) -> None:
    talks.add(OPENID, ASKED)
    talks.ask_later(OPENID, EARLY)
    talks.forget(OPENID)
    assert list(connection.scan_iter()) == []
