"""worker.watch: what it finds stands in Redis, and reaches a person."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from contract.connection import connect
from contract.health import read
from contract.settings import Settings
from launch import programs
from launch.supervisor import free_port
from tests.conftest import APP_ID, WeChatServer, make_settings, until
from tests.worker.odd_server import OddServer, running, says
from worker.errcodes import Api
from worker.errors import PictureExpired, WeChatClosed, WeChatRefused
from worker.standing import Standing
from worker.watch import Watch
from worker.wechat import WeChat

TURN = "kantu:health:turn"
Look = Callable[..., None]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not found any more is over at once."""
    monkeypatch.setattr("worker.notifier._CALM", 0)


@pytest.fixture
def receiver() -> Iterator[OddServer]:
    with running(says({"errcode": 0})) as server:
        yield server


@pytest.fixture
def settings(
    redis_url: str, serving_url: str, wechat_server: WeChatServer, receiver: OddServer
) -> Settings:
    return make_settings(
        redis_url=redis_url,
        serving_url=serving_url,
        wechat_api_url=wechat_server.url,
        alert_webhook=f"{receiver.url}/hook",
    )


@pytest.fixture
def look(connection: redis.Redis) -> Look:
    """Have a watch look again, ten seconds later: its turn and WeChat's pauses are over."""

    def again(watch: Watch) -> None:
        connection.delete(TURN)
        Standing(connection, APP_ID).lift()
        watch.look()

    return again


def told(receiver: OddServer) -> list[tuple[str, str]]:
    """Return what a person was told: alert and state, in order."""
    notices = [json.loads(body) for body in receiver.bodies]
    return [(each["alert"], each["state"]) for each in notices]


def test_what_it_sees_is_noted_for_all(
    settings: Settings, connection: redis.Redis, wechat_server: WeChatServer, receiver: OddServer
) -> None:
    Watch(settings, connection).look()
    health = read(connection)
    assert health is not None
    assert health.token is not None  # it asked for one before a follower needs it
    assert [each.found for each in health.models] == ["AVAILABLE"]
    asked = ["/cgi-bin/stable_token", *["/cgi-bin/openapi/quota/get"] * 2]
    assert wechat_server.requests == asked
    assert [(each.api, each.used < each.limit) for each in health.quotas] == [
        ("send", True),
        ("media", True),
    ]
    assert told(receiver) == []


def test_one_of_all_looks_at_a_time(settings: Settings, connection: redis.Redis) -> None:
    Watch(settings, connection).look()
    first = read(connection)
    Watch(settings, connection).look()
    assert read(connection) == first
    assert 0 < connection.ttl(TURN) < 10


def test_wrong_secret_is_told_until_it_is_right(
    settings: Settings, connection: redis.Redis, receiver: OddServer, look: Look
) -> None:
    wrong = settings.model_copy(
        update={"wechat_app_secret": make_settings(wechat_app_secret="other").wechat_app_secret}
    )
    watch = Watch(wrong, connection)
    for _ in range(3):
        look(watch)
    assert told(receiver) == [("token_refused:token", "firing")]
    look(Watch(settings, connection))
    assert told(receiver)[1:] == [("token_refused:token", "resolved")]


def test_address_that_is_not_listed_is_named(
    settings: Settings, connection: redis.Redis, wechat_server: WeChatServer, receiver: OddServer
) -> None:
    wechat_server.account.listed = {"8.8.8.8"}
    Watch(settings, connection).look()
    assert told(receiver) == [("address_not_listed:token", "firing")]
    assert (
        "not on the list: 127.0.0.1. What to do: add it" in json.loads(receiver.bodies[0])["text"]
    )


def test_permission_is_asked_for_again_before_its_lack_is_called_over(
    settings: Settings,
    connection: redis.Redis,
    wechat_server: WeChatServer,
    receiver: OddServer,
    look: Look,
) -> None:
    wechat_server.account.verified = False
    with pytest.raises(WeChatClosed):
        WeChat(settings, connection).probe(Api.SEND)
    watch = Watch(settings, connection)
    watch.look()
    look(watch)
    assert told(receiver) == [("not_permitted:send", "firing")]
    wechat_server.account.verified = True
    look(watch)
    assert told(receiver)[1:] == [("not_permitted:send", "resolved")]
    assert wechat_server.texts() == []


@pytest.mark.parametrize(("api", "errcode"), [(Api.SEND, 40003), (Api.MEDIA, 40007)])
def test_probe_of_a_permitted_api_is_refused_for_itself(
    settings: Settings, connection: redis.Redis, api: Api, errcode: int
) -> None:
    with pytest.raises((WeChatRefused, PictureExpired), match=str(errcode)):
        WeChat(settings, connection).probe(api)


def test_full_redis_is_told_though_it_notes_nothing(
    settings: Settings, connection: redis.Redis, receiver: OddServer
) -> None:
    watch = Watch(settings, connection)
    connection.config_set("maxmemory", 1)
    try:
        watch.look()
        watch.look()
    finally:
        connection.config_set("maxmemory", 0)
    assert told(receiver) == [("redis_refuses_writes", "firing")]
    watch.look()
    assert told(receiver)[1:] == [("redis_refuses_writes", "resolved")]


def test_redis_that_is_away_is_told_once_and_when_it_is_back(
    settings: Settings, receiver: OddServer, tmp_path: Path
) -> None:
    port = free_port()
    away = settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{port}/0"})
    watch = Watch(away, connect(away))
    for _ in range(3):
        watch.look()
    assert told(receiver) == [("redis_away", "firing")]
    program = programs.redis_server(port, tmp_path, tmp_path / "redis.log", durable=False)
    program.start()
    try:
        until(program.ready)
        watch.look()
    finally:
        program.end()
    assert told(receiver)[1:] == [("redis_away", "resolved")]


def test_without_a_webhook_nobody_is_told(
    settings: Settings, connection: redis.Redis, wechat_server: WeChatServer, receiver: OddServer
) -> None:
    wechat_server.account.listed = set()
    Watch(settings.model_copy(update={"alert_webhook": None}), connection).look()
    health = read(connection)
    assert health is not None
    assert [each.errcode for each in health.pauses] == [40164]
    assert receiver.bodies == []
