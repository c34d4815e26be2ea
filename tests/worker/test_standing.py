"""worker.standing"""

from __future__ import annotations

import logging
import time

import pytest
import redis

from contract.connection import connect
from launch.supervisor import free_port
from tests.budget import in_redis
from tests.conftest import APP_ID, make_settings, until
from worker.errcodes import Api
from worker.errors import WeChatPaused
from worker.standing import Pause, Standing

KEY = f"kantu:wechat:{APP_ID}"


@pytest.fixture
def standing(connection: redis.Redis) -> Standing:
    return Standing(connection, APP_ID)


def test_pause_of_one_process_holds_for_all(connection: redis.Redis, standing: Standing) -> None:
    Standing(connection, APP_ID).pause(
        Pause(api=Api.SEND, why="errcode 45009", until=time.time() + 100)
    )
    standing.read()
    with pytest.raises(WeChatPaused, match=r"send API is left alone until .* \+0800: errcode 4500"):
        standing.check(Api.SEND)
    standing.check(Api.MEDIA)
    standing.check(Api.TOKEN)


def test_pause_ends_by_itself(standing: Standing) -> None:
    standing.pause(Pause(api=Api.MEDIA, why="errcode 45011", until=time.time() + 1))

    def over() -> bool:
        standing.read()
        try:
            standing.check(Api.MEDIA)
        except WeChatPaused:
            return False
        return True

    assert not over()
    until(over)


def test_one_trip_reads_all(connection: redis.Redis, standing: Standing) -> None:
    standing.keep("token", 100)
    standing.pause(Pause(api=Api.MEDIA, why="quota", until=time.time() + 100))
    connection.config_resetstat()
    assert standing.read() == "token"
    # Before 7.0, Redis counts CONFIG RESETSTAT as CONFIG.
    assert set(connection.info("commandstats")) <= {"cmdstat_mget", "cmdstat_info"} | {
        *("cmdstat_config", "cmdstat_config|resetstat")
    }


def test_what_was_read_is_remembered_for_a_second(
    standing: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing.keep("token", 100)
    assert standing.remembered() is None
    standing.read()
    assert standing.remembered() == "token"
    monkeypatch.setattr("worker.standing._MEMORY", 0)
    assert standing.remembered() is None


def test_pause_of_our_own_is_known_at_once(standing: Standing) -> None:
    standing.keep("token", 100)
    standing.read()
    standing.pause(Pause(api=Api.SEND, why="quota", until=time.time() + 100))
    assert standing.remembered() is None


def test_only_the_refused_token_is_given_up(connection: redis.Redis, standing: Standing) -> None:
    pause = Pause(api=Api.TOKEN, why="refused", until=time.time() + 100)
    standing.keep("new", 100)
    assert not standing.give_up("old", pause)
    assert standing.read() == "new"
    standing.check(Api.TOKEN)
    assert standing.give_up("new", pause)
    assert standing.read() is None
    with pytest.raises(WeChatPaused):
        standing.check(Api.TOKEN)


def test_nobody_finds_the_token_gone_and_no_pause_yet(
    connection: redis.Redis, standing: Standing
) -> None:
    standing.keep("token", 100)
    pause = Pause(api=Api.TOKEN, why="refused", until=time.time() + 100)
    standing.give_up("other", pause)  # loads the script
    cost = in_redis(connection, lambda: standing.give_up("token", pause))
    assert cost.figures["trips"] == 1


def test_operator_is_told_once_what_to_do(
    standing: Standing, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        standing.pause(
            Pause(api=Api.SEND, why="errcode 45009", until=time.time() + 100, remedy="wait")
        )
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage().endswith("errcode 45009. What to do: wait")


def test_refusal_is_not_hidden_by_redis_being_away() -> None:
    away = connect(make_settings(redis_url=f"redis://127.0.0.1:{free_port()}/0"))
    error = Standing(away, APP_ID).pause(
        Pause(api=Api.SEND, why="errcode 45009", until=time.time() + 100)
    )
    assert "45009" in str(error)
