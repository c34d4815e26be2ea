"""worker.token"""

from __future__ import annotations

import concurrent.futures
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
from prometheus_client import REGISTRY

from contract.connection import connect_to
from launch.supervisor import free_port
from tests.conftest import APP_ID, APP_SECRET, WeChatServer, until
from worker.errcodes import Api
from worker.errors import WeChatPaused, WeChatUnavailable
from worker.standing import Pause, Standing
from worker.token import AccessToken

ROOT = Path(__file__).parents[2]
KEY = f"kantu:wechat:{APP_ID}:token"
# A process of its own that asks for the token as soon as all are there, and says what it got.
_ASKS = """
import os, sys, redis
from contract.settings import Settings
from worker.errcodes import Api
from worker.wechat import WeChat
connection = redis.Redis.from_url(os.environ["REDIS_URL"])
wechat = WeChat(Settings(_env_file=None), connection)
connection.incr("here")
connection.blpop("go", timeout=30)
sys.stdout.write(wechat._token.get(Api.SEND))
"""


class Office:
    """Stands for stable_token: the same token until forced, if it then gives another."""

    def __init__(self, life: int = 7200) -> None:
        self.life, self.number, self.asked = life, 1, 0
        self.gives_another = True

    def fetch(self, force: bool) -> tuple[str, int]:
        self.asked += 1
        time.sleep(0.05)
        self.number += force and self.gives_another
        return f"token-{self.number}", self.life


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def token(connection: redis.Redis, office: Office) -> AccessToken:
    return another(connection, office)


def another(connection: redis.Redis, office: Office) -> AccessToken:
    """Return the token service of another process."""
    return AccessToken(connection, Standing(connection, APP_ID), office.fetch)


def test_token_is_fetched_once_for_eight_processes(
    connection: redis.Redis, redis_url: str, wechat_server: WeChatServer
) -> None:
    environment = {
        "REDIS_URL": redis_url,
        "WECHAT_TOKEN": "token-of-the-tests",
        "WECHAT_APP_ID": APP_ID,
        "WECHAT_APP_SECRET": APP_SECRET,
        "WECHAT_MODE": "plain",
        "WECHAT_API_URL": wechat_server.url,
    }
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _ASKS],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(8)
    ]  # fmt: skip
    until(lambda: connection.get("here") == b"8")
    connection.rpush("go", *range(8))
    tokens = {process.communicate(timeout=30)[0] for process in processes}
    assert wechat_server.requests == ["/cgi-bin/stable_token"]
    assert tokens == {connection.get(KEY).decode()}  # type: ignore[union-attr]  # not asynchronous


def test_token_is_fetched_once_for_many_threads(connection: redis.Redis, office: Office) -> None:
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        tokens = set(
            threads.map(lambda _: another(connection, office).get(Api.SEND), range(8)),
        )
    assert tokens == {"token-1"}
    assert office.asked == 1


def test_token_is_forgotten_before_it_ends(connection: redis.Redis, token: AccessToken) -> None:
    token.get(Api.SEND)
    assert 6800 < connection.ttl(KEY) <= 6900


def test_refused_token_is_compared_before_another_is_fetched(
    connection: redis.Redis, token: AccessToken, office: Office
) -> None:
    connection.set(KEY, "renewed by another process")
    assert token.replace("token-1") == "renewed by another process"
    assert office.asked == 0


def test_wechat_is_asked_whether_it_has_another_before_that_is_forced(
    connection: redis.Redis, token: AccessToken, office: Office
) -> None:
    connection.set(KEY, "old")
    assert token.replace("old") == "token-1"
    assert (office.asked, office.number) == (1, 1)


def test_token_that_is_in_redis_no_more_is_replaced(token: AccessToken, office: Office) -> None:
    assert token.replace("old") == "token-1"
    assert (office.asked, office.number) == (1, 1)


def test_refresh_is_forced_where_wechat_gives_the_refused_token_again(
    connection: redis.Redis, token: AccessToken, office: Office
) -> None:
    connection.set(KEY, "token-1")  # some time ago
    assert token.replace("token-1") == "token-2"
    assert token.get(Api.SEND) == "token-2"
    assert office.asked == 2
    forced = connection.ttl(f"{KEY}:forced")
    assert 4310 < forced <= 24 * 3600 / 20  # seconds; WeChat lets it be forced 20 times a day


def test_token_of_this_minute_is_not_asked_for_once_more(
    token: AccessToken, office: Office
) -> None:
    assert token.replace(token.get(Api.SEND)) == "token-2"
    assert office.asked == 2


def test_refresh_is_not_forced_twice_in_a_row(
    connection: redis.Redis, token: AccessToken, office: Office
) -> None:
    token.replace(token.get(Api.SEND))
    with pytest.raises(WeChatPaused, match="gives no other so soon"):
        token.replace(token.get(Api.SEND))
    assert office.number == 2
    with pytest.raises(WeChatPaused, match="gives no other so soon"):
        another(connection, office).get(Api.MEDIA)
    assert office.asked == 2


def test_refused_token_is_not_used_where_force_gives_no_other(
    connection: redis.Redis, token: AccessToken, office: Office
) -> None:
    office.gives_another = False
    connection.set(KEY, "token-1")
    with pytest.raises(WeChatPaused, match="gives no other so soon"):
        token.replace("token-1")
    assert office.asked == 2
    assert connection.get(KEY) is None


def test_fetches_are_counted_by_whether_they_are_forced(token: AccessToken) -> None:
    before = [fetches("false"), fetches("true")]
    token.replace(token.get(Api.SEND))
    assert [fetches("false"), fetches("true")] == [before[0] + 1, before[1] + 1]


def fetches(force: str) -> float:
    name = "kantu_worker_token_fetches_total"
    return REGISTRY.get_sample_value(name, {"force_refresh": force}) or 0.0


def test_refused_for_ever_wechat_is_asked_twice_a_minute(
    connection: redis.Redis, office: Office
) -> None:
    minute = [f"kantu:wechat:{APP_ID}:{name}" for name in ("token:asked", "pause:token")]
    asked = []
    for _ in range(3):
        before = office.asked
        for _ in range(10):
            try_for_a_token(another(connection, office))
        asked.append(office.asked - before)
        connection.delete(*minute)  # has passed
    assert asked == [2, 1, 1]


def try_for_a_token(token: AccessToken) -> None:
    """Do as a job does whose every token is refused."""
    with pytest.raises(WeChatUnavailable):
        raise token.give_up(token.replace(token.get(Api.SEND)))


def test_newer_token_is_not_given_up_for_an_old_one(
    connection: redis.Redis, token: AccessToken, office: Office
) -> None:
    connection.set(KEY, "newer")
    assert "another process has a newer one" in str(token.give_up("old"))
    assert token.get(Api.SEND) == "newer"


def test_token_near_its_end_is_asked_for_again(connection: redis.Redis) -> None:
    office = Office(life=301)  # another program has had it for two hours
    token = another(connection, office)
    token.get(Api.SEND)
    until(lambda: connection.get(KEY) is None)
    assert token.get(Api.SEND) == "token-1"
    assert office.asked == 2


def test_paused_api_gets_no_token(connection: redis.Redis, token: AccessToken) -> None:
    connection.set(KEY, "good")
    Standing(connection, APP_ID).pause(
        Pause(api=Api.SEND, why="errcode 45009", until=time.time() + 100)
    )
    with pytest.raises(WeChatPaused, match="45009"):
        token.get(Api.SEND)
    assert token.get(Api.MEDIA) == "good"


def test_good_token_is_used_while_no_other_can_be_had(
    connection: redis.Redis, token: AccessToken
) -> None:
    connection.set(KEY, "good")
    pause_tokens(connection)
    assert token.get(Api.SEND) == "good"


def test_token_that_another_process_renewed_is_used_at_once(
    connection: redis.Redis, token: AccessToken
) -> None:
    connection.set(KEY, "good")
    token.get(Api.SEND)
    connection.set(KEY, "better")
    assert token.get(Api.SEND) == "better"


def test_paused_token_is_not_waited_for(connection: redis.Redis, token: AccessToken) -> None:
    connection.set(f"{KEY}:lock", "another process", ex=25)
    pause_tokens(connection)
    with pytest.raises(WeChatPaused, match="40164"):
        token.get(Api.SEND)


def test_token_that_was_paused_while_it_was_waited_for_is_not_fetched(
    connection: redis.Redis, token: AccessToken, office: Office
) -> None:
    connection.set(f"{KEY}:lock", "another process", ex=25)
    connection.config_resetstat()
    with concurrent.futures.ThreadPoolExecutor(1) as threads:
        asked = threads.submit(token.get, Api.SEND)
        until(lambda: "cmdstat_set" in connection.info("commandstats"))  # it tries the lock
        pause_tokens(connection)
        connection.delete(f"{KEY}:lock")
        with pytest.raises(WeChatPaused, match="40164"):
            asked.result(30)
    assert office.asked == 0


def pause_tokens(connection: redis.Redis) -> None:
    """Do as a process does to which WeChat gave no token."""
    Standing(connection, APP_ID).pause(
        Pause(api=Api.TOKEN, why="errcode 40164", until=time.time() + 100)
    )


def test_token_is_not_waited_for_without_end(
    connection: redis.Redis, token: AccessToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.token._FETCH_LIMIT", 0.2)
    connection.set(f"{KEY}:lock", "another process", ex=25)
    with pytest.raises(WeChatUnavailable, match="another process is still fetching the token"):
        token.get(Api.SEND)


def test_no_token_is_had_without_redis(office: Office) -> None:
    token = another(connect_to(f"redis://127.0.0.1:{free_port()}"), office)
    words = "^no token, since Redis is away: ConnectionError$"
    with pytest.raises(WeChatUnavailable, match=words):
        token.get(Api.SEND)
    with pytest.raises(WeChatUnavailable, match=words):
        token.replace("old")
    with pytest.raises(WeChatUnavailable, match=words):
        raise token.give_up("old")


def test_token_asked_for_again_costs_no_trip(connection: redis.Redis, token: AccessToken) -> None:
    connection.set(KEY, "good")
    token.get(Api.SEND)
    connection.config_resetstat()
    assert token.get(Api.SEND, again=True) == "good"
    assert "cmdstat_mget" not in connection.info("commandstats")
