"""`python -m bench.start`: how soon each program is ready, warm, one at a time."""

from __future__ import annotations

import functools
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from bench import command, process, serving_picture
from bench.account import MODELS
from bench.endpoint.loop import Eyes
from bench.harness import ROUNDS, Contestant, Race, race
from bench.machine import machine
from bench.report import Aim, Column, Report, at_most
from simulator import programs
from simulator.demo import account_settings
from simulator.house import free_port, say

_LOOK = 0.005  # seconds
_LIMITS = {"app": 1000, "worker": 1000, "serving": 10_000}  # ms
_TITLES = {
    "app": "webhook: answers /readyz", "worker": "worker: RQ knows it",
    "serving": "model server, two models: first answer",
}  # fmt: skip
_READY = Column(metric="ready", title="ms from its start", ranged=True)


def main() -> int:
    """Measure, and write bench/results/start.*; return 0, or 1 where something failed."""
    rounds = command.parser("bench.start").parse_args().rounds

    def measure() -> Report:
        with tempfile.TemporaryDirectory() as folder:
            return _measure(_Starts(Path(folder)), rounds)

    return command.publish(measure, keep=rounds >= ROUNDS)


def _measure(starts: _Starts, rounds: int) -> Report:
    contestants = [
        Contestant(name=name, title=title, run=functools.partial(starts.of, name))
        for name, title in _TITLES.items()
    ]
    redis = starts.programs["redis"]
    redis.start()
    try:
        process.await_ready(redis)
        for each in contestants:  # into the page cache
            each.run()
        measured = race(contestants, rounds, say)
    finally:
        redis.end()
    return Report(
        name="start", race=measured, contestants=contestants, columns=(_READY,),
        pictured=(_READY,), aims=_aims(measured), facts=machine(),
    )  # fmt: skip


def _aims(measured: Race) -> list[Aim]:
    return [
        at_most(f"{name}: < {limit:,} ms", measured.spread(name, "ready"), limit, digits=0)
        for name, limit in _LIMITS.items()
    ]


class _Starts:
    """Programs that are started and ended again."""

    def __init__(self, folder: Path) -> None:
        ports = {name: free_port() for name in ("redis", "serving", "app", "simulator")}
        environment = account_settings(ports)
        config = folder / "models.config"
        config.write_text(programs.model_config({each: programs.MODELS / each for each in MODELS}))
        self._eyes = Eyes(environment)
        self._picture = serving_picture.jpeg(224, 224, 30_000)
        logs = {name: folder / f"{name}.log" for name in ("redis", *_TITLES)}
        self.programs = {
            "redis": programs.redis_server(ports["redis"], folder, logs["redis"], durable=False),
            "app": programs.webhook(ports["app"], environment, logs["app"]),
            "worker": programs.worker(environment, environment["REDIS_URL"], logs["worker"]),
            "serving": programs.model_server(ports["serving"], config, *_serving(logs)),
        }

    def of(self, name: str) -> Mapping[str, float]:
        """Start it, wait until it is ready, end it; return the milliseconds."""
        program = self.programs[name]
        begun = time.monotonic()
        program.start()
        try:
            process.await_ready(program, _LOOK)
            if name == "serving":
                self._eyes.ask(self._picture)
            return {"ready": 1000 * (time.monotonic() - begun)}
        finally:
            program.end()


def _serving(logs: Mapping[str, Path]) -> tuple[str, Path, str]:
    return MODELS[0], logs["serving"], MODELS[1]


if __name__ == "__main__":
    sys.exit(main())
