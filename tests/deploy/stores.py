"""Redis servers and sentinels as they are shipped, with passwords and users."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

import redis

from launch.supervisor import ROOT, Program, free_port
from tests.deploy.front import need

START, SENTINEL = ROOT / "deploy" / "redis" / "start", ROOT / "deploy" / "redis" / "sentinel"


class Passwords:
    """The two secrets of a set of Redis servers, as files."""

    def __init__(self, folder: Path) -> None:
        self.kantu, self.operator = secrets.token_hex(24), secrets.token_hex(24)
        self.environment = {
            "REDIS_PASSWORD_FILE": str(folder / "redis_password"),
            "REDIS_OPERATOR_PASSWORD_FILE": str(folder / "redis_operator_password"),
        }
        (folder / "redis_password").write_text(f"{self.kantu}\n")
        (folder / "redis_operator_password").write_text(f"{self.operator}\n")


class Store:
    """One Redis server with the shipped configuration, not started yet."""

    def __init__(self, folder: Path, passwords: Passwords, *options: str) -> None:
        need("redis-server")
        folder.mkdir(parents=True)
        self.port = free_port()
        self.url = f"redis://kantu:{passwords.kantu}@127.0.0.1:{self.port}/0"
        self.operator = redis.Redis(
            port=self.port, username="operator", password=passwords.operator, socket_timeout=2
        )
        self.program = Program(
            name="redis",
            command=[
                str(START), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder),
                *options,
            ],
            environment={**passwords.environment, "REDIS_RUN": str(folder / "run")},
            ready=self._pings,
            log=folder / "redis.log",
        )  # fmt: skip

    def _pings(self) -> bool:
        try:
            return bool(self.operator.ping())
        except redis.RedisError:
            return False


def sentinel(folder: Path, passwords: Passwords, master: int, port: int) -> Program:
    """Return a sentinel that watches the master at that port of this machine."""
    need("redis-sentinel")
    folder.mkdir(parents=True)
    client = redis.Redis(port=port, socket_timeout=2)

    def ready() -> bool:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False

    return Program(
        name="sentinel",
        command=[str(SENTINEL), "--port", str(port), "--bind", "127.0.0.1"],
        environment={
            **passwords.environment, "REDIS_RUN": str(folder / "run"),
            "REDIS_MASTER": f"127.0.0.1:{master}", "REDIS_DOWN_AFTER": "1000",
        },
        ready=ready,
        log=folder / "sentinel.log",
    )  # fmt: skip


def sentinel_url(passwords: Passwords, ports: Sequence[int]) -> str:
    """Return what REDIS_URL is where those sentinels know."""
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    return f"redis+sentinel://kantu:{passwords.kantu}@{hosts}/mymaster/0"
