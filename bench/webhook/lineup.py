"""Which webhooks compete, and how each is started: all by gunicorn, with as many threads."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from bench import process
from bench.environment import Environment
from launch import programs
from launch.supervisor import Program

ENVIRONMENT = Environment(name="bench-webhook")
THREADS = 16  # of each process, as ours has
PROCESSES = max(2, len(os.sched_getaffinity(0)))  # as ours has, up to eight


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One webhook."""

    name: str
    title: str
    python: Path = ENVIRONMENT.python
    queue: str = ""  # the list in Redis that must hold every message

    def program(self, port: int, environment: Mapping[str, str], log: Path) -> Program:
        """Return it under gunicorn."""
        if self.name == "kantu":
            return programs.webhook(port, environment, log)
        command = [
            *(str(self.python), "-m", "gunicorn", f"bench.webhook.endpoint.{self.name}:app"),
            *("--bind", f"127.0.0.1:{port}", "--log-level", "warning", "--preload"),
            *("--worker-class", "gthread", "--workers", str(PROCESSES)),
            *("--threads", str(THREADS), "--keep-alive", "75", "--no-control-socket"),
        ]
        return Program(
            name=self.name, command=command, environment=environment,
            ready=lambda: process.speaks(port), log=log,
        )  # fmt: skip


LINEUP = (
    Entry(name="kantu", title="**Kantu**", queue="rq:queue:pictures"),
    Entry(name="bare", title="wechatpy + Flask, parse and reply"),
    Entry(name="werobot", title="WeRoBot, parse and reply"),
    Entry(name="rq", title="wechatpy + Flask + RQ", queue="rq:queue:plain"),
    Entry(name="celery", title="wechatpy + Flask + Celery", queue="celery"),
    Entry(
        name="floor", title="bare WSGI, one command to Redis", queue="floor",
        python=Path(sys.executable),
    ),
)  # fmt: skip
