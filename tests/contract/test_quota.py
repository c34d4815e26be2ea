"""contract.quota"""

from __future__ import annotations

import pytest
import redis

from contract.follower import Followers
from contract.quota import EVENT, MESSAGE, Allowance, Quota
from contract.settings import Settings
from simulator.clock import Clock

OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ1"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def quota(settings: Settings, connection: redis.Redis, clock: Clock) -> Quota:
    return Quota(connection, Followers(settings, connection), clock.now)


def allow(quota: Quota, connection: redis.Redis, allowance: Allowance) -> None:
    with connection.pipeline() as pipeline:
        quota.allow(pipeline, OPENID, allowance)
        pipeline.execute()


def left(quota: Quota) -> int:
    return next(number for number in range(100) if not quota.spend(OPENID))


def test_where_nothing_is_known_wechat_decides(quota: Quota) -> None:
    assert [quota.spend(OPENID) for _ in range(9)] == [True] * 9


@pytest.mark.parametrize(("allowance", "pushes"), [(MESSAGE, 5), (EVENT, 3)])
def test_each_act_allows_so_many(
    quota: Quota, connection: redis.Redis, allowance: Allowance, pushes: int
) -> None:
    allow(quota, connection, allowance)
    assert left(quota) == pushes
    allow(quota, connection, allowance)
    assert left(quota) == pushes


def test_nine_pictures_at_once_allow_nine_answers_and_more(
    quota: Quota, connection: redis.Redis
) -> None:
    for _ in range(9):
        allow(quota, connection, MESSAGE)
    assert left(quota) == 45


def test_allowance_ends_by_itself(quota: Quota, connection: redis.Redis, clock: Clock) -> None:
    allow(quota, connection, MESSAGE)
    allow(quota, connection, EVENT)
    clock.advance(61)
    assert left(quota) == 5
    allow(quota, connection, MESSAGE)
    clock.advance(48 * 3600 - 1)
    assert quota.spend(OPENID)
    clock.advance(2)
    assert quota.spend(OPENID)  # nothing is known any more


def test_what_ends_first_is_spent_first(
    quota: Quota, connection: redis.Redis, clock: Clock
) -> None:
    allow(quota, connection, MESSAGE)
    allow(quota, connection, EVENT)
    assert all(quota.spend(OPENID) for _ in range(3))
    clock.advance(61)
    assert left(quota) == 5


def test_wechat_has_the_last_word(quota: Quota, connection: redis.Redis) -> None:
    allow(quota, connection, MESSAGE)
    quota.exhaust(OPENID)
    assert left(quota) == 0
    allow(quota, connection, MESSAGE)
    assert left(quota) == 5


def test_nothing_stays_of_a_follower_who_leaves(quota: Quota, connection: redis.Redis) -> None:
    allow(quota, connection, MESSAGE)
    quota.forget(OPENID)
    assert list(connection.scan_iter("kantu:quota:*")) == []
