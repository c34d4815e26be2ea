"""The overview: is it well, and if not, why; and what it costs Redis."""

from __future__ import annotations

import dataclasses
import re
import time
from typing import Any

import pytest
import redis

from app.admin.diagnosis import diagnose
from contract import health, tally
from contract.health import PausedApi, ProcessState, QueueState, QuotaState, WorkerState
from labels import book
from tests.app.admin.conftest import Client, MakeJob, make_health, make_model

STEPS = {"queue": 0.004, "fetch": 0.1, "prepare": 0.01, "model": 0.03, "turn": 0.001, "send": 0.2}


def test_house_in_order_is_called_well(client: Client, connection: redis.Redis) -> None:
    health.keep(connection, make_health())
    connection.set("kantu:pushes:19700101", 1)
    page = client.get("/admin/").text
    for said in ("All is well", "available", "version 1", "1 h 31 min", "12,502", "500,000",
                 "host.12.1", "1,234", "83 MB"):  # fmt: skip
        assert said in page, said
    assert 'class="findings"' not in page


def test_without_a_worker_that_is_what_is_said(client: Client) -> None:
    page = client.get("/admin/").text
    assert "One thing needs you" in page
    assert "No worker has told how it is for a minute." in page


_NOW = time.time()
_REDIS = make_health().redis
UNWELL: list[tuple[dict[str, Any], str, str]] = [
    ({"workers": WorkerState(known=2, alive=0)}, "no_process", "bad"),
    ({"models": (make_model(found="LOADING", ailing=_NOW - 99),)}, "model_gone", "bad"),
    ({"models": (make_model(found="LOADING", ailing=_NOW - 5),)}, "model_gone", "note"),
    ({"models": (make_model(breaker_open=True, ailing=_NOW - 5),)}, "model_silent", "bad"),
    (
        {"pauses": (PausedApi(api="send", why="no", until=1e9, errcode=45009, remedy="do"),)},
        "refused",
        "bad",
    ),
    (
        {"pauses": (PausedApi(api="send", why="no", until=1e9, errcode=45011, remedy=""),)},
        "paused",
        "note",
    ),
    ({"redis": dataclasses.replace(_REDIS, used=500 * 2**20)}, "redis_full", "bad"),
    ({"redis": dataclasses.replace(_REDIS, policy="allkeys-lru")}, "redis_evicts", "bad"),
    ({"redis": dataclasses.replace(_REDIS, append="err")}, "redis_cannot_write", "bad"),
    ({"redis": dataclasses.replace(_REDIS, durable=False)}, "redis_forgets", "note"),
    (
        {"queue": QueueState(waiting=9, oldest=61, running=1, failed=0, held=0)},
        "backed_up",
        "bad",
    ),
    ({"queue": QueueState(waiting=0, oldest=0, running=1, failed=2, held=0)}, "failed", "note"),
    ({"quotas": (QuotaState(api="media", used=9500, limit=10_000),)}, "quota_nearly", "note"),
    ({"quotas": (QuotaState(api="media", used=10_000, limit=10_000),)}, "quota_used_up", "bad"),
]


@pytest.mark.parametrize(("changes", "key", "level"), UNWELL, ids=lambda each: str(each)[:40])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_not_well_is_said_with_what_to_do(
    client: Client,
    connection: redis.Redis,
    changes: dict[str, Any],
    key: str,
    level: str,
    language: str,
) -> None:
    unwell = make_health(taken=_NOW, **changes)
    (found,) = diagnose(unwell)
    assert (found.key, found.level) == (key, level)
    health.keep(connection, unwell)
    client.set_cookie("kantu_language", language, path="/admin")
    page = client.get("/admin/now").text
    assert len(re.findall(rf'<li class="{level}"><strong>\S.*</strong> <span>\S', page)) == 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_model_that_is_not_asked_how_it_is_has_its_breaker_alone(
    client: Client, connection: redis.Redis, language: str
) -> None:
    endpoint = make_model(name="qwen-vl", version="", found="")
    health.keep(connection, make_health(models=(endpoint,)))
    client.set_cookie("kantu_language", language, path="/admin")
    tile = client.get("/admin/now").text.split("qwen-vl")[1].split("</div>")[0]
    tiles = book(language, "admin")["tile"]
    assert tiles["endpoint"] in tile
    assert tiles["breaker_closed"] in tile
    assert tiles["model_no_version"] not in tile


def test_bad_things_come_first() -> None:
    unwell = make_health(
        queue=QueueState(waiting=9, oldest=61, running=1, failed=2, held=0),
        redis=dataclasses.replace(_REDIS, durable=False, append="err"),
    )
    assert [each.level for each in diagnose(unwell)] == ["bad", "bad", "note", "note"]


def test_refusal_is_put_into_chinese(client: Client, connection: redis.Redis) -> None:
    pause = PausedApi(api="send", why="quota", until=1e9, errcode=45009, remedy="clear it")
    health.keep(connection, make_health(pauses=(pause,)))
    client.set_cookie("kantu_language", "zh", path="/admin")
    page = client.get("/admin/now").text
    assert "微信拒绝发送消息：当日额度用完了（errcode 45009）" in page
    assert "clear it" not in page


def test_state_of_a_model_is_put_into_words(client: Client, connection: redis.Redis) -> None:
    health.keep(connection, make_health(models=(make_model(found="LOADING", ailing=_NOW - 99),)))
    client.set_cookie("kantu_language", "zh", path="/admin")
    page = client.get("/admin/now").text
    assert "模型 demo 不可用：加载中" in page
    assert '<p class="figure text">加载中</p>' in page


def test_silent_process_is_named(client: Client, connection: redis.Redis) -> None:
    silent = ProcessState(
        name="host.1.9", state="busy", running=1, done=0, failed=0, born=_NOW, heard=_NOW - 60
    )
    workers = WorkerState(known=1, alive=0, processes=(silent,))
    health.keep(connection, make_health(workers=workers))
    assert '<span class="mark failed">silent</span>' in client.get("/admin/now").text


def test_charts_tell_how_it_has_been(client: Client, connection: redis.Redis) -> None:
    now = time.time()
    for number in range(40):
        outcome = "sent" if number % 10 else "parked"
        tally.count_message(connection, str(number), outcome, STEPS, now - 60)
    tally.count_error(connection, "PictureExpired", now - 60)
    tally.note_queue(connection, 12, 3.2, now - 60)
    connection.hset("kantu:feedback:demo", mapping={"digit 3:right": 7, "digit 3:wrong": 2})
    page = ""
    for query in ("", "?span=day", "?span=nonsense"):
        page = client.get(f"/admin/charts{query}").text
        for said in ("40 in all", "picture expired", "in the mailbox: WeChat would not take",
                     "digit 3, by demo", "Sending"):  # fmt: skip
            assert said in page, said
    whole = re.search(r'"total">.*?All of it</th>(.*?)</tr>', page, re.DOTALL)
    assert whole is not None
    milliseconds = [float(each) for each in re.findall(r"([\d.]+) ms", whole[1])]
    assert milliseconds == [pytest.approx(345, rel=0.2)] * 3


def test_charts_of_a_new_house_say_that_there_is_nothing_yet(client: Client) -> None:
    page = client.get("/admin/charts").text
    assert page.count("Nothing yet.") == 5
    assert "Nothing went wrong." in page
    assert "Nobody has judged an answer yet." in page


def test_class_is_called_as_its_language_calls_it(client: Client, connection: redis.Redis) -> None:
    connection.hset("kantu:feedback:demo", mapping={"the digit 3:right": 7, "scene:wrong": 1})
    client.set_cookie("kantu_language", "zh", path="/admin")
    page = client.get("/admin/charts").text
    assert "数字 3（demo）" in page
    assert "图形场景（demo）" in page


def test_last_messages_are_listed(
    client: Client, connection: redis.Redis, make_job: MakeJob
) -> None:
    now = time.time()
    job = make_job(1, received=now - 1, sent=now - 0.5, outcome="sent", model="demo")
    tally.count_message(connection, "0" * 32, "sent", STEPS, now)  # a follower who has left
    tally.count_message(connection, job.id, "sent", STEPS, now)
    health.keep(connection, make_health())
    page = client.get("/admin/now").text
    assert re.findall(r'href="/admin/message/(\w+)"', page) == [job.id]
    assert "500 ms" in page


_OF_COUNTING = {
    *("cmdstat_info", "cmdstat_config|resetstat", "cmdstat_client|setinfo"),
    *("cmdstat_config", "cmdstat_client"),
}


def commands(connection: redis.Redis) -> dict[str, int]:
    """Return how often each command was called since the last reset, but for what counting takes.

    Before 7.0, Redis knows its subcommands by their command's name alone.
    """
    stats: Any = connection.info("commandstats")
    return {
        name.removeprefix("cmdstat_"): each["calls"]
        for name, each in stats.items()
        if name not in _OF_COUNTING
    }


def test_looking_on_costs_redis_little(
    client: Client, connection: redis.Redis, make_job: MakeJob
) -> None:
    for number in range(15):
        job = make_job(number, outcome="sent", sent=time.time())
        tally.count_message(connection, job.id, "sent", STEPS, time.time())
    health.keep(connection, make_health())
    client.get("/admin/")
    connection.config_resetstat()
    before = connection.info("stats")["total_reads_processed"]
    client.get("/admin/now")
    trips = connection.info("stats")["total_reads_processed"] - before - 1
    assert (trips, commands(connection)) == (4, {"get": 2, "lrange": 1, "hmget": 10})
    connection.config_resetstat()
    client.get("/admin/charts")
    assert commands(connection) in ({"hgetall": 3}, {"hgetall": 4})  # a minute may begin


def test_many_finished_jobs_cost_no_more(
    client: Client, connection: redis.Redis, make_job: MakeJob
) -> None:
    job = make_job(1, outcome="sent", sent=time.time())
    members = {f"{number:032x}": time.time() + 3600 for number in range(100_000)}
    connection.zadd("rq:finished:pictures", members)
    connection.zadd("rq:failed:pictures", members)
    tally.count_message(connection, job.id, "sent", STEPS, time.time())
    health.keep(connection, make_health())
    client.get("/admin/")
    connection.config_resetstat()
    for path in ("/admin/", f"/admin/message/{job.id}", "/admin/failed", "/admin/failed?page=3000"):
        assert client.get(path).status_code == 200
    found = commands(connection)
    # None of these takes longer where there is more, but for what is shown.
    found = {name: count for name, count in found.items() if name not in {"multi", "exec"}}
    assert found.keys() <= {"get", "lrange", "hmget", "hgetall", "zcard", "zrevrange"}
    assert sum(found.values()) < 80
