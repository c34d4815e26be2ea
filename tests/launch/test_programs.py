"""launch.programs: each program comes up as itself, alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from rq import SimpleWorker

from launch import programs
from launch.supervisor import Program, free_port
from simulator.demo import account_settings
from tests.conftest import until


@pytest.fixture
def environment(redis_url: str, tmp_path: Path) -> dict[str, str]:
    ports = {name: free_port() for name in ("redis", "serving", "simulator")}
    own = {"REDIS_URL": redis_url, "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    return account_settings(ports) | own


@pytest.fixture
def other_worker(connection: redis.Redis) -> Iterator[SimpleWorker]:
    """A worker that Redis knows of: on another machine, or killed a minute ago."""
    other = SimpleWorker(["pictures"], connection=connection)
    other.register_birth()  # type: ignore[no-untyped-call]  # RQ annotates a part of itself
    yield other
    other.register_death()  # type: ignore[no-untyped-call]  # as above


def test_worker_is_not_up_because_another_is(
    environment: dict[str, str], redis_url: str, other_worker: SimpleWorker
) -> None:
    worker = programs.worker(environment, redis_url, None)
    worker.command = [sys.executable, "-c", "import time; time.sleep(60)"]
    worker.start()
    up = worker.ready()
    worker.end()
    assert not up


def test_worker_is_up_when_redis_knows_it(
    environment: dict[str, str], redis_url: str, connection: redis.Redis, tmp_path: Path
) -> None:
    worker = programs.worker(environment, redis_url, tmp_path / "worker.log")
    worker.start()
    until(worker.ready)
    worker.end()
    assert not worker.ready()


def sockets(program: Program, folder: Path) -> list[str]:
    """Start a program, and return the sockets that it makes besides its port."""
    program.start()
    try:
        until(program.ready)
        return [path.name for path in folder.rglob("*") if path.is_socket()]
    finally:
        program.end()


def test_webhook_opens_no_control_socket(environment: dict[str, str], tmp_path: Path) -> None:
    webhook = programs.webhook(free_port(), environment, tmp_path / "app.log")
    assert sockets(webhook, tmp_path) == []


def test_simulator_opens_no_control_socket(environment: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "simulator.log"
    wechat = programs.wechat(free_port(), "http://127.0.0.1:1/wechat", environment, log)
    assert sockets(wechat, tmp_path) == []
