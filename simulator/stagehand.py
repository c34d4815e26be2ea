"""Does to the demo's programs what the page's buttons ask: the page owns none of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import redis
from rq import Worker
from rq.worker import WorkerStatus

from contract.connection import connect_to
from launch.supervisor import ROOT, Supervisor, end_with_parent
from simulator.courier import MODES

LOSABLE = ("redis", "serving")
_BUSY_WITHIN = 2.0  # seconds for a worker to get something to do


class Stagehand:
    """Answers the page's questions, on the thread that owns the supervisor."""

    def __init__(self, supervisor: Supervisor, environment: dict[str, str], logs: Path) -> None:
        self._supervisor = supervisor
        self._environment = environment
        self._logs = logs
        self._redis = connect_to(environment["REDIS_URL"])
        self._operator: subprocess.Popen[bytes] | None = None

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked; return how everything is then, or what was wrong with the question."""
        match question:
            case {"do": "look"}:
                pass
            case {"do": "lose", "program": str(name)} if name in LOSABLE:
                self._supervisor.find(name).kill()
            case {"do": "return", "program": str(name)} if name in LOSABLE:
                if self._supervisor.find(name).process is None:
                    self._supervisor.find(name).start()
            case {"do": "kill"}:
                return {**self._look(), "killed": self._kill_worker()}
            case {"do": "mode", "mode": str(mode)} if mode in MODES:
                self._change_mode(mode)
            case {"do": "lift"}:
                self._operate("doctor", "--lift-pauses")
            case _:
                return {"wrong": f"{question} is nothing that the demo does"}
        return self._look()

    def _look(self) -> dict[str, Any]:
        if self._operator and self._operator.poll() is not None:
            self._operator = None
        return {
            "programs": {each.name: each.look() for each in self._supervisor.programs},
            "operating": self._operator is not None,
            "mode": self._environment["WECHAT_MODE"],
        }

    def _kill_worker(self) -> int:
        """Kill a process of the worker's, best in the middle of something; return its id, or 0."""
        end = time.monotonic() + _BUSY_WITHIN
        while True:
            try:
                workers = Worker.all(connection=self._redis)
            except redis.RedisError:
                return 0
            busy = [each for each in workers if each.get_state() == WorkerStatus.BUSY]
            if busy or time.monotonic() > end:
                break
            time.sleep(0.002)
        for worker in busy or workers:
            if worker.pid and _is_child(worker.pid, self._supervisor.find("worker").process):
                os.kill(worker.pid, signal.SIGKILL)
                return int(worker.pid)
        return 0

    def _change_mode(self, mode: str) -> None:
        """Start the webhook again in another mode; WeChat delivers again what comes meanwhile."""
        if mode != self._environment["WECHAT_MODE"]:
            self._environment["WECHAT_MODE"] = mode
            app = self._supervisor.find("app")
            app.kill()  # at once: to end it gently may take longer than the page waits
            app.environment = {**app.environment, "WECHAT_MODE": mode}
            app.start()

    def _operate(self, *command: str) -> None:
        """Run a command of the operator's beside everything else."""
        self.close()
        with (self._logs / "operator.log").open("ab") as log:
            self._operator = subprocess.Popen(  # noqa: S603  # our own program
                [sys.executable, "-m", "worker", *command],
                cwd=ROOT, env={**os.environ, **self._environment}, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
                preexec_fn=end_with_parent,  # noqa: PLW1509
            )  # fmt: skip

    def publish_menu(self) -> None:
        """Give the account its menu, as an operator does."""
        self._operate("menu", "publish", str(ROOT / "docs" / "menu.json"))

    def close(self) -> None:
        """End what runs beside."""
        if self._operator is not None:
            self._operator.kill()
            self._operator.wait()
            self._operator = None


def _is_child(pid: int, parent: subprocess.Popen[bytes] | None) -> bool:
    """Return whether a process belongs to the session of one that we started."""
    try:
        return parent is not None and os.getsid(pid) == parent.pid
    except OSError:
        return False
