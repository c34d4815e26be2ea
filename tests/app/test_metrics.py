"""app.metrics: what Prometheus is told, by a real gunicorn of two processes and by one alone."""

from __future__ import annotations

import ast
import concurrent.futures
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import requests
from prometheus_client import REGISTRY

from app import create_app
from contract.settings import Settings
from launch import programs
from launch.supervisor import Program, free_port
from simulator.demo import no_settings
from tests.app.conftest import OPENID, Push, courier
from tests.conftest import AES_KEY, APP_ID, APP_SECRET, TOKEN, make_settings, until
from tests.exposition import scrape, value

APP = Path(__file__).parents[2] / "app"
ONE_BY_ONE = "kantu_app_messages_total"


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def gunicorn(
    port: int, settings: Settings, connection: redis.Redis, tmp_path: Path
) -> Iterator[Program]:
    environment = no_settings() | {
        "WECHAT_TOKEN": TOKEN,
        "WECHAT_APP_ID": APP_ID,
        "WECHAT_AES_KEY": AES_KEY,
        "REDIS_URL": str(settings.redis_url),
        "TMPDIR": str(tmp_path),
    }
    program = programs.webhook(port, environment, tmp_path / "app.log")
    program.start()
    until(program.ready)
    yield program
    program.end()


def send(port: int, settings: Settings, fields: dict[str, str]) -> int:
    """Push it over a connection of its own; return the status."""
    query, body = courier(settings).seal(fields)
    url = f"http://127.0.0.1:{port}/wechat"
    return requests.post(url, params=query, data=body, timeout=10).status_code


def both_have_counted(tmp_path: Path) -> bool:
    return len(list(tmp_path.glob("kantu-app-*/counter_*.db"))) == 2


def test_two_processes_count_together_and_name_nobody(
    gunicorn: Program, port: int, settings: Settings, push: Push, tmp_path: Path
) -> None:
    until(lambda: send(port, settings, push(MsgType="voice")) and both_have_counted(tmp_path))
    voices = value(scrape(port), ONE_BY_ONE, kind="voice", result="answered")
    pictures = [
        push(MsgId=str(number), FromUserName=f"oFOLLOWER{number % 10}") for number in range(60)
    ]
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(lambda each: send(port, settings, each), pictures))
    assert set(statuses) == {200}
    send(port, settings, pictures[0])
    send(port, settings, push(MsgType="event", Event="made_up_by_somebody"))
    assert send(port, make_settings(wechat_token="of-another"), pictures[0]) == 403
    until(lambda: len({scrape(port) for _ in range(10)}) == 1)  # whichever process tells
    text = scrape(port)
    assert value(text, ONE_BY_ONE, kind="image", result="queued") == 60
    assert value(text, ONE_BY_ONE, kind="image", result="repeat") == 1
    assert value(text, ONE_BY_ONE, kind="other", result="silent") == 1
    assert value(text, "kantu_app_refused_requests_total", reason="wrong signature") == 1
    assert value(text, "kantu_app_answer_seconds_count") == 63 + voices
    hidden = [OPENID, TOKEN, APP_ID, APP_SECRET, AES_KEY, "made_up"]
    assert [each for each in hidden if each in text] == []
    gunicorn.end()
    assert list(tmp_path.glob("kantu-app-*")) == []


def test_killed_process_leaves_its_counts(
    gunicorn: Program, port: int, settings: Settings, push: Push
) -> None:
    for number in range(20):
        send(port, settings, push(MsgId=str(number)))
    assert gunicorn.process
    parent = gunicorn.process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children")
    before = children.read_text().split()
    for pid in before:
        os.kill(int(pid), 9)
    until(lambda: len(set(children.read_text().split()) - set(before)) == 2)
    until(gunicorn.ready)
    assert value(scrape(port), ONE_BY_ONE, result="queued") == 20


def counted(kind: str, result: str) -> float:
    return REGISTRY.get_sample_value(ONE_BY_ONE, {"kind": kind, "result": result}) or 0.0


@pytest.mark.parametrize(
    ("changes", "kind", "result"),
    [
        ({}, "image", "queued"),
        ({"MsgType": "text", "Content": "hello"}, "text", "answered"),
        ({"MsgType": "event", "Event": "subscribe"}, "event:subscribe", "answered"),
        ({"MsgType": "event", "Event": "unsubscribe"}, "event:unsubscribe", "silent"),
        ({"MsgType": "event", "Event": "of_next_year"}, "other", "silent"),
        ({"MediaId": "no media id"}, "other", "useless"),
    ],
)
def test_message_is_counted_once(
    settings: Settings,
    connection: redis.Redis,
    push: Push,
    changes: dict[str, str],
    kind: str,
    result: str,
) -> None:
    query, body = courier(settings).seal(push(**changes))
    before, all_before = counted(kind, result), total()
    create_app(settings, connection).test_client().post("/wechat", query_string=query, data=body)
    assert (counted(kind, result) - before, total() - all_before) == (1, 1)


def total() -> float:
    """Return how many messages were counted, as whatever."""
    families = REGISTRY.collect()
    samples = itertools.chain.from_iterable(family.samples for family in families)
    return sum(sample.value for sample in samples if sample.name == ONE_BY_ONE)


def test_message_without_redis_is_counted_as_such(push: Push) -> None:
    away = make_settings(redis_url=f"redis://127.0.0.1:{free_port()}/0")
    query, body = courier(away).seal(push())
    before = counted("image", "redis_away")
    create_app(away).test_client().post("/wechat", query_string=query, data=body)
    assert counted("image", "redis_away") - before == 1


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_metrics_are_not_for_the_world(
    settings: Settings, connection: redis.Redis, header: str
) -> None:
    client = create_app(settings, connection).test_client()
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", headers={header: "for=203.0.113.9"}).status_code == 404


def reasons() -> list[ast.expr]:
    """Return what our code gives to BadEnvelope."""
    trees = [ast.parse(path.read_text("utf-8")) for path in APP.glob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [c.args[0] for c in calls if isinstance(c.func, ast.Name) and c.func.id == "BadEnvelope"]


def test_reason_of_a_refusal_is_one_of_few() -> None:
    texts = [each.values[0] if isinstance(each, ast.JoinedStr) else each for each in reasons()]
    assert len(texts) > 5
    assert [ast.unparse(text) for text in texts if not isinstance(text, ast.Constant)] == []
    varied = [each for each in reasons() if isinstance(each, ast.JoinedStr)]
    assert [ast.unparse(each) for each in varied if ": " not in ast.unparse(each.values[0])] == []
