"""`python -m bench.start`: how soon each program is ready, one at a time, and the whole demo."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from bench import command, process
from bench.account import MODELS
from bench.harness import ROUNDS, BenchError, Contestant, Race, race
from bench.machine import machine
from bench.report import Aim, Column, Report, at_most
from bench.serving import picture as serving_picture
from bench.webhook.endpoint.loop import Eyes
from launch import programs
from launch.supervisor import ROOT, free_port, say
from simulator.demo import account_settings

_LOOK = 0.005  # seconds
_LIMITS = {"app": 1000, "worker": 1000, "serving": 10_000}  # ms
_TITLES = {
    "app": "webhook: answers /readyz", "worker": "worker: RQ knows it",
    "serving": "model server, two models: first answer",
}  # fmt: skip
_DEMO = {
    "demo": "make demo: says where its page is",
    "cold demo": "the same, nothing of it in the page cache",
}
_NO_WEIGHTS = "http://127.0.0.1:9"  # a port where nobody listens
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
        for name, title in (_TITLES | _DEMO).items()
    ]
    redis = starts.programs["redis"]
    redis.start()
    try:
        process.await_ready(redis)
        for each in contestants[: len(_TITLES)]:  # into the page cache
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
        if name in _DEMO:
            return {"ready": _demo(cold=name == "cold demo")}
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


def _demo(*, cold: bool) -> float:
    """Return the milliseconds until the demo says where its page is."""
    if cold:
        _evict(ROOT, Path(sys.prefix), Path(sys.base_prefix) / "lib")
    begun = time.monotonic()
    demo = subprocess.Popen(  # our own program
        [sys.executable, "-u", "-m", "simulator.demo"],
        cwd=ROOT, env={**os.environ, "KERAS_WEIGHTS_URL": _NO_WEIGHTS}, text=True,
        stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        if not any("Open" in line for line in demo.stdout or ()):
            raise BenchError(f"the demo did not start; see {ROOT / '.demo' / 'logs'}")
        return 1000 * (time.monotonic() - begun)
    finally:
        demo.send_signal(signal.SIGINT)
        demo.communicate()


def _evict(*folders: Path) -> None:
    """Have the kernel forget what it has read of the files below these, as after a start of it."""
    for folder in folders:
        for path in folder.rglob("*"):
            with contextlib.suppress(OSError):  # what may not be read was not read for the demo
                if path.is_file() and not path.is_symlink():
                    with path.open("rb") as file:
                        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _serving(logs: Mapping[str, Path]) -> tuple[str, Path, str]:
    return MODELS[0], logs["serving"], MODELS[1]


if __name__ == "__main__":
    sys.exit(main())
