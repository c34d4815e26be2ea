"""`python -m worker` as a program: what it refuses to start with, and what it waits for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis
from rq import Worker

from launch.supervisor import free_port
from tests.conftest import AES_KEY, APP_ID, APP_SECRET, TOKEN, until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def environment(redis_url: str, serving_url: str) -> dict[str, str]:
    return {
        **os.environ,
        "WECHAT_TOKEN": TOKEN,
        "WECHAT_APP_ID": APP_ID,
        "WECHAT_APP_SECRET": APP_SECRET,
        "WECHAT_AES_KEY": AES_KEY,
        "REDIS_URL": redis_url,
        "SERVING_URL": serving_url,
        "WECHAT_API_URL": f"http://127.0.0.1:{free_port()}",
    }


def run(environment: dict[str, str], *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "worker", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"CLASSIFIER_LABELS": "labels/imagenet.csv"}, "the model has 12 classes, the label file"),
        ({"CLASSIFIER_LABELS": "none.csv"}, "none.csv cannot be read"),
        ({"CLASSIFIER_MODEL": "pixels"}, "has no signature of top5, serving_default, predict"),
        ({"WECHAT_APP_SECRET": ""}, "WECHAT_APP_SECRET is not set"),
        ({"WECHAT_APP_ID": "12"}, "WECHAT_APP_ID='12'"),
    ],
)
def test_what_cannot_work_ends_it_at_once(
    environment: dict[str, str], change: dict[str, str], message: str
) -> None:
    status, said = run(environment | change)
    assert status == 2
    assert message in said


def test_command_that_there_is_not_is_refused(environment: dict[str, str]) -> None:
    status, said = run(environment, "doktor")
    assert status == 2
    assert "invalid choice: 'doktor' (choose from" in said


def test_redis_away_ends_it_so_that_it_is_started_again(environment: dict[str, str]) -> None:
    away = {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
    status, said = run(environment | away)
    assert status == 1
    assert "Redis is away" in said


def test_model_server_away_does_not_keep_it_from_starting(
    environment: dict[str, str], connection: redis.Redis
) -> None:
    away = {"SERVING_URL": f"http://127.0.0.1:{free_port()}"}
    worker = subprocess.Popen(
        [sys.executable, "-m", "worker"],
        cwd=ROOT, env=environment | away, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until(lambda: Worker.count(connection) == 2)
    worker.send_signal(signal.SIGTERM)
    _, said = worker.communicate(timeout=20)
    assert worker.returncode == 0
    assert "the model cannot be asked yet" in said
