"""`make run`: the product from `.env`, here against the simulator in WeChat's place."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.settings import load_settings
from launch import programs
from launch.__main__ import (
    choose_servers,
    needs_model_server,
    needs_redis,
    read_settings,
    webhook_port,
)
from launch.supervisor import LaunchError, answers, free_port
from simulator.demo import account_settings
from tests.conftest import until
from tests.end_to_end.conftest import Phone

ROOT = Path(__file__).parents[2]
PORTS = ("app", "redis", "serving", "simulator")


def test_missing_env_file_is_made_and_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KANTU_ENV_FILE")
    with pytest.raises(LaunchError, match=r"Fill in WECHAT_TOKEN.*docs/connect\.md|Fill in"):
        read_settings(tmp_path / ".env")
    assert (tmp_path / ".env").read_text("utf-8") == (ROOT / ".env.example").read_text("utf-8")
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "http", "0", "65536", "-1"])
def test_port_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(LaunchError, match="is not a port"):
        webhook_port(text)


def test_port_that_is_taken_is_named_with_a_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LaunchError, match=rf"port {port} cannot be used(.|\n)*make run"):
            webhook_port(str(port))


def test_running_redis_and_model_server_are_used(redis_url: str, serving_url: str) -> None:
    assert not needs_redis(redis_url)
    assert not needs_model_server(serving_url, "demo")


def test_distant_redis_that_is_away_is_not_replaced_by_one_of_ours() -> None:
    with pytest.raises(LaunchError, match=r"no Redis answers at redis\.invalid:6379"):
        needs_redis("redis://redis.invalid:6379/0")


def test_model_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, redis_url: str, shipped: Path
) -> None:
    monkeypatch.setattr(programs, "MODELS", shipped)
    ports = {"app": 1, "redis": 2, "serving": free_port(), "simulator": 3}
    for name, value in account_settings(ports).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("CLASSIFIER_MODEL", "resnet5")
    with pytest.raises(LaunchError, match=r"there is no model resnet5 in .*, only demo"):
        choose_servers(load_settings())


@contextlib.contextmanager
def make_run(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Start what `make run` starts, and leave nothing of it behind."""
    with subprocess.Popen(
        [sys.executable, "-m", "launch"],
        cwd=ROOT, env={**os.environ, **environment}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as run:  # fmt: skip
        try:
            yield run
        finally:
            run.terminate()


def test_labels_that_do_not_fit_the_model_end_it_at_start(tmp_path: Path, redis_url: str) -> None:
    labels = tmp_path / "three.csv"
    labels.write_text("index,english\n0,one\n1,two\n2,three\n", "utf-8")
    ports = {name: free_port() for name in PORTS}
    own = {"REDIS_URL": redis_url, "CLASSIFIER_LABELS": str(labels), "PORT": str(ports["app"])}
    with make_run(account_settings(ports) | own) as run:
        said, _ = run.communicate(timeout=60)
    assert run.returncode == 1
    assert re.search(r"worker: cannot start:\n.*12 classes.* 3 ", said)
    assert "✗ worker did not start" in said
    assert "The webhook is" not in said


def test_whole_product_runs_from_the_environment(tmp_path: Path, samples: dict[str, bytes]) -> None:
    ports = {name: free_port() for name in PORTS}
    settings = account_settings(ports, mode="compatible")
    webhook = f"http://127.0.0.1:{ports['app']}/wechat"
    wechat = programs.wechat(ports["simulator"], webhook, settings, tmp_path / "simulator.log")
    wechat.start()
    with make_run(settings | {"PORT": str(ports["app"])}) as run:
        try:
            until(lambda: answers(f"http://127.0.0.1:{ports['app']}/readyz"))
            until(wechat.ready)
            phone = follow(ports["simulator"])
            phone.send_picture(samples["1-digit-3"])
            assert phone.wait_for(1)[0].endswith("数字 3")
        finally:
            run.send_signal(signal.SIGTERM)
            said, _ = run.communicate(timeout=60)
            wechat.end()
    assert run.returncode == 0
    assert f"The webhook is {webhook}" in said
    assert "All programs have ended." in said


def follow(port: int) -> Phone:
    import requests

    url = f"http://127.0.0.1:{port}"
    openid = requests.post(f"{url}/chat/follow", timeout=10).json()["follower"]
    phone = Phone(url=url, openid=openid)
    until(lambda: phone.events("answer"))
    return phone
