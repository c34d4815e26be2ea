"""contract.follower and contract.album"""

from __future__ import annotations

import time

import pytest
import redis

from contract.album import Album, Snapshot
from contract.follower import Followers, language_of
from contract.settings import Settings
from tests.conftest import make_settings

OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ1"
SNAPSHOT = Snapshot(id="1", received=1.0, number=1)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("你好", "zh"),
        ("这是什么 dog？", "zh"),
        ("what is this?", "en"),
        ("ok", "en"),
        ("7", None),
        ("😀👍", None),
        ("a", None),
        ("", None),
    ],
)
def test_language_of_a_text(text: str, language: str | None) -> None:
    assert language_of(text) == language


def language(followers: Followers, connection: redis.Redis) -> str:
    """Look up the language of the tests' follower as the webhook does."""
    with connection.pipeline() as pipeline:
        followers.look_up_language(pipeline, OPENID)
        return followers.as_language(pipeline.execute()[0])


def test_follower_is_answered_in_the_language_last_written(
    settings: Settings, connection: redis.Redis
) -> None:
    followers = Followers(settings, connection)
    assert language(followers, connection) == "zh"
    followers.remember_language(connection, OPENID, "en")
    assert language(followers, connection) == "en"


def test_chosen_language_stays_whatever_is_written(
    settings: Settings, connection: redis.Redis
) -> None:
    followers = Followers(settings, connection)
    followers.choose_language(OPENID, "en")
    followers.remember_language(connection, OPENID, "zh")
    assert language(followers, connection) == "en"
    followers.forget(OPENID)
    assert language(followers, connection) == "zh"
    assert list(connection.scan_iter("kantu:language:*")) == []


def test_silent_follower_is_answered_in_the_account_s_language(connection: redis.Redis) -> None:
    assert language(Followers(make_settings(language="en"), connection), connection) == "en"


def test_forgetting_leaves_nothing(settings: Settings, connection: redis.Redis) -> None:
    followers = Followers(settings, connection)
    album = Album(connection, followers, ttl=1800)
    followers.remember_language(connection, OPENID, "en")
    album.keep(OPENID, SNAPSHOT, b"\xff\xd8")
    album.forget(OPENID)
    followers.forget(OPENID)
    assert [key[:11] for key in connection.scan_iter()] == [b"kantu:left:"]


def test_keys_do_not_give_the_follower_away(settings: Settings, connection: redis.Redis) -> None:
    followers = Followers(settings, connection)
    followers.remember_language(connection, OPENID, "en")
    Album(connection, followers, ttl=60).keep(OPENID, SNAPSHOT, b"\xff\xd8")
    assert not any(OPENID.encode() in key for key in connection.scan_iter())


def test_alias_differs_between_accounts(connection: redis.Redis) -> None:
    one = Followers(make_settings(), connection)
    other = Followers(make_settings(wechat_token="another-token"), connection)
    assert one.alias(OPENID) != other.alias(OPENID)


def test_alias_stays_while_the_token_is_replaced(connection: redis.Redis) -> None:
    before = Followers(make_settings(wechat_token="the-old-one"), connection)
    meanwhile = Followers(make_settings(wechat_token="the-new-one,the-old-one"), connection)
    assert meanwhile.alias(OPENID) == before.alias(OPENID)


def test_follower_who_leaves_is_known_to_have_left_for_two_days(connection: redis.Redis) -> None:
    followers = Followers(make_settings(), connection)
    before = time.time()
    assert not followers.has_left(OPENID, since=before)
    followers.forget(OPENID)
    assert followers.has_left(OPENID, since=before)
    assert not followers.has_left(OPENID, since=time.time() + 1)  # who came back, and wrote
    (left,) = connection.scan_iter("kantu:left:*")
    assert 0 < connection.ttl(left) <= 48 * 3600
