"""worker.metrics and worker.exporter: what Prometheus is told by real processes that are killed."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
import requests
from prometheus_client import REGISTRY
from rq import Worker

from contract.job import ImageJob, enqueue, picture_queue
from launch.supervisor import free_port
from simulator.demo import no_settings
from simulator.followers import MESSAGE_ALLOWS, Follower
from tests.conftest import AES_KEY, APP_ID, APP_SECRET, TOKEN, WeChatServer, until
from tests.exposition import scrape, value
from worker import metrics
from worker.errcodes import Api
from worker.errors import ModelSilent

ROOT = Path(__file__).parents[2]
Start = Callable[..., tuple["subprocess.Popen[str]", int]]
OUR = "kantu_worker"
OPENID = "oMARKEDmarkedMARKEDmarked{:03}"


@pytest.fixture
def start(
    redis_url: str, serving_url: str, wechat_server: WeChatServer, tmp_path: Path
) -> Iterator[Start]:
    """Start `python -m worker` with two processes; return it, and where it tells its metrics."""
    environment = (
        os.environ
        | no_settings()
        | {
            "WECHAT_TOKEN": TOKEN,
            "WECHAT_APP_ID": APP_ID,
            "WECHAT_APP_SECRET": APP_SECRET,
            "WECHAT_AES_KEY": AES_KEY,
            "WECHAT_API_URL": wechat_server.url,
            "REDIS_URL": redis_url,
            "SERVING_URL": serving_url,
            "TMPDIR": str(tmp_path),
        }
    )
    with contextlib.ExitStack() as stack:

        def begin(port: int = 0) -> tuple[subprocess.Popen[str], int]:
            port = port or free_port()
            process = subprocess.Popen(
                [sys.executable, "-m", "worker"],
                cwd=ROOT, env=environment | {"WORKER_METRICS_PORT": str(port)},
                stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
            stack.callback(process.communicate)
            stack.callback(process.kill)
            return process, port

        yield begin


def messages(port: int) -> float:
    """Return how many messages have their outcome; none while nothing answers yet."""
    try:
        return value(scrape(port), f"{OUR}_messages_total")
    except requests.RequestException:
        return 0


def send(connection: redis.Redis, wechat: WeChatServer, picture: bytes, number: int) -> str:
    """Queue a picture of a follower's own; return its job's id."""
    follower = Follower(openid=OPENID.format(number))
    follower.allow(MESSAGE_ALLOWS, wechat.account.clock.now())
    wechat.account.followers[follower.openid] = follower
    job = ImageJob(
        follower=follower.openid,
        message_id=str(number),
        created=1_795_393_565,
        received=time.time(),
        language="zh",
        media_id=wechat.account.media.keep(picture),
    )
    enqueue(picture_queue(connection), job, 60)
    return job.id


def told(said: str, *words: str) -> list[int]:
    """Return in how many INFO lines of a log each of the words stands."""
    lines = [line for line in said.splitlines() if line.startswith("INFO")]
    return [sum(word in line for line in lines) for word in words]


def stop(process: subprocess.Popen[str]) -> str:
    """Tell it to stop; return what it said."""
    process.terminate()
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    return said


def test_two_processes_count_together_and_name_nobody(
    start: Start,
    connection: redis.Redis,
    wechat_server: WeChatServer,
    samples: dict[str, bytes],
    tmp_path: Path,
) -> None:
    process, port = start()
    pictures = [*samples.values(), b"no picture"]
    number = len(pictures)
    jobs = [send(connection, wechat_server, each, n) for n, each in enumerate(pictures)]
    until(lambda: messages(port) == number)
    text = scrape(port)
    assert value(text, f"{OUR}_messages_total", outcome="apologised") == 1
    assert value(text, f"{OUR}_message_seconds_count") == number
    assert value(text, f"{OUR}_step_seconds_count", step="send") == number
    assert value(text, f"{OUR}_step_seconds_count", step="model") == len(samples)
    assert value(text, f"{OUR}_wechat_calls_total", api="send", errcode="0") == number
    assert value(text, f"{OUR}_wechat_calls_total", api="media", errcode="0") == number
    assert value(text, f"{OUR}_seen_lookups_total", result="miss") == len(samples)
    assert value(text, f"{OUR}_token_fetches_total", force_refresh="false") == 1
    assert value(text, f"{OUR}_model_calls_total", model="demo", result="answered") > len(samples)
    hidden = [OPENID[:20], TOKEN, APP_ID, APP_SECRET, AES_KEY, *jobs]
    assert [each for each in hidden if each in text] == []
    assert requests.get(f"http://127.0.0.1:{port}/", timeout=10).status_code == 404
    said = stop(process)
    assert told(said, *jobs) == [1] * number
    assert told(said, "") == [number + 1]  # at start: which model it is
    assert list(tmp_path.iterdir()) == []


def test_counts_outlive_their_process_and_gauges_do_not(
    start: Start,
    connection: redis.Redis,
    wechat_server: WeChatServer,
    jpeg: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process, port = start()
    send(connection, wechat_server, jpeg, 1)
    until(lambda: messages(port) == 1)
    media, goes_on = wechat_server.account.media, threading.Event()
    get = media.get
    monkeypatch.setattr(media, "get", lambda media_id: goes_on.wait(8) and get(media_id))
    job = send(connection, wechat_server, jpeg, 2)
    until(lambda: value(scrape(port), f"{OUR}_jobs_in_flight") == 1)
    for worker in Worker.all(connection):
        os.kill(worker.pid or 0, signal.SIGKILL)
    until(lambda: value(scrape(port), f"{OUR}_replaced_processes_total") == 2)
    text = scrape(port)
    assert value(text, f"{OUR}_jobs_in_flight") == 0
    assert value(text, f"{OUR}_messages_total") == 1
    goes_on.set()
    until(lambda: messages(port) == 2)
    text = scrape(port)
    assert value(text, f"{OUR}_returned_jobs_total") == 1
    assert value(text, f"{OUR}_jobs_in_flight") == 0
    assert told(stop(process), job) == [1]


def test_port_that_is_taken_keeps_nobody_from_answering(
    start: Start, connection: redis.Redis, wechat_server: WeChatServer, jpeg: bytes
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process, port = start(taken.getsockname()[1])
        send(connection, wechat_server, jpeg, 1)
        until(wechat_server.texts)
        said = stop(process)
    assert f"no metrics: WORKER_METRICS_PORT={port} of 127.0.0.1: Address already in use" in said
    assert "ended by itself" not in said


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"{OUR}_{name}", labels) or 0.0


@metrics.attempt()
def fail(error: Exception) -> None:
    assert counted("jobs_in_flight") == 1
    raise error


@pytest.mark.parametrize(
    ("error", "label"),
    [(ModelSilent("away"), "ModelSilent"), (ValueError("a token"), "unexpected")],
)
def test_attempt_that_fails_is_counted_by_its_kind(error: Exception, label: str) -> None:
    before = counted("failed_attempts_total", error=label)
    with pytest.raises(type(error)):
        fail(error)
    assert counted("failed_attempts_total", error=label) - before == 1
    assert counted("jobs_in_flight") == 0


@pytest.mark.parametrize(
    ("said", "label"),
    [
        (lambda: metrics.wechat_said(45015), "45015"),
        (lambda: metrics.wechat_said(987654), "other"),
        (lambda: None, "none"),
    ],
)
def test_call_that_fails_is_counted_by_its_errcode(said: Callable[[], None], label: str) -> None:
    before = counted("wechat_calls_total", api="send", errcode=label)
    with contextlib.suppress(ConnectionError), metrics.wechat_call(Api.SEND):
        said()
        raise ConnectionError
    assert counted("wechat_calls_total", api="send", errcode=label) - before == 1


def test_errcode_of_one_call_is_not_that_of_the_next() -> None:
    before = counted("wechat_calls_total", api="media", errcode="0")
    with contextlib.suppress(ValueError), metrics.wechat_call(Api.MEDIA):
        metrics.wechat_said(40001)
        raise ValueError
    with metrics.wechat_call(Api.MEDIA):
        pass
    assert counted("wechat_calls_total", api="media", errcode="0") - before == 1
