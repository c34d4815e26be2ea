"""worker.alive"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import redis

from launch import programs
from launch.supervisor import ROOT
from tests.conftest import AES_KEY, APP_ID, APP_SECRET, TOKEN, until
from worker.alive import count


def test_health_check_knows_whether_this_machine_s_worker_works(
    redis_url: str, connection: redis.Redis, tmp_path: Path
) -> None:
    environment = {
        "WECHAT_TOKEN": TOKEN, "WECHAT_APP_ID": APP_ID, "WECHAT_APP_SECRET": APP_SECRET,
        "WECHAT_AES_KEY": AES_KEY, "REDIS_URL": redis_url, "WORKER_PROCESSES": "1",
    }  # fmt: skip

    def alive() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "worker.alive"],
            cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip

    assert (alive().returncode, alive().stdout) == (1, "0 processes work\n")
    worker = programs.worker(environment, redis_url, tmp_path / "worker.log")
    worker.start()
    try:
        until(worker.ready)
        assert (alive().returncode, alive().stdout) == (0, "1 processes work\n")
        assert count(connection, "another-host") == 0
    finally:
        worker.end()


def test_silent_worker_does_not_count(connection: redis.Redis) -> None:
    for name, ago in (("host.1.1", 5), ("host.1.2", 60)):
        beat = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(time.time() - ago))
        connection.hset(f"rq:worker:{name}", "last_heartbeat", beat)
        connection.sadd("rq:workers", f"rq:worker:{name}")
    assert count(connection, "host") == 1


def test_redis_that_is_away_is_told_without_its_password() -> None:
    environment = {
        "WECHAT_TOKEN": TOKEN, "WECHAT_APP_ID": APP_ID, "WECHAT_AES_KEY": AES_KEY,
        "REDIS_URL": "redis://kantu:s3cret@127.0.0.1:1/0",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "worker.alive"],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "the worker cannot be asked after" in done.stderr
    assert "s3cret" not in done.stderr
