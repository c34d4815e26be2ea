"""worker.token"""

from __future__ import annotations

import concurrent.futures
import time

import pytest
import redis

from tests.conftest import APP_ID
from worker.errors import WeChatUnavailable
from worker.token import AccessToken

KEY = f"kantu:wechat:{APP_ID}:token"


class Office:
    """Stands for stable_token: the same token until forced."""

    def __init__(self, life: int = 7200) -> None:
        self.life, self.number, self.asked = life, 1, 0

    def fetch(self, force: bool) -> tuple[str, int]:
        self.asked += 1
        time.sleep(0.05)
        self.number += force
        return f"token-{self.number}", self.life


def test_token_is_fetched_once_for_everybody(connection: redis.Redis) -> None:
    office = Office()
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        tokens = set(
            threads.map(lambda _: AccessToken(connection, APP_ID, office.fetch).get(), range(8))
        )
    assert tokens == {"token-1"}
    assert office.asked == 1


def test_token_is_forgotten_before_it_ends(connection: redis.Redis) -> None:
    AccessToken(connection, APP_ID, Office(life=7200).fetch).get()
    assert 6800 < connection.ttl(KEY) <= 6900


def test_refused_token_is_compared_before_another_is_fetched(connection: redis.Redis) -> None:
    office = Office()
    token = AccessToken(connection, APP_ID, office.fetch)
    connection.set(KEY, "renewed by another process")
    assert token.replace("token-1") == "renewed by another process"
    assert office.asked == 0


def test_refresh_is_forced_where_wechat_gives_the_refused_token_again(
    connection: redis.Redis,
) -> None:
    office = Office()
    token = AccessToken(connection, APP_ID, office.fetch)
    assert token.replace(token.get()) == "token-2"
    assert token.get() == "token-2"


def test_refresh_is_not_forced_twice_in_a_row(connection: redis.Redis) -> None:
    office = Office()
    token = AccessToken(connection, APP_ID, office.fetch)
    token.replace(token.get())
    with pytest.raises(WeChatUnavailable, match="no other so soon"):
        token.replace(token.get())
    assert office.number == 2
