"""One competitor with a Redis to itself: started, warmed, then measured under load and at rest."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import redis

from bench import process
from bench.database import count
from bench.harness import BenchError
from bench.worker.competitor import URL
from bench.worker.lineup import Entry
from bench.worker.mark import PATH, Marks
from launch.supervisor import ROOT, Program
from simulator.demo import account_settings

WAIT = 0.08  # seconds that a waiting job waits: about what WeChat and a model take
PACED = 100  # jobs sent one by one
_NOWHERE = 9  # a port where nobody listens: no job asks WeChat or a model
_PATIENCE = 30.0  # seconds
_LOOK = 1.0  # seconds between looks whether it is still alive


def measure(entry: Entry, port: int) -> dict[str, float]:
    """Return all that is measured of a competitor, by the names of bench.worker's table."""
    redis.Redis(port=port).flushall()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        trial = Trial(entry, port, Path(folder))
        stack.enter_context(trial.working())
        trial.warm_up()
        return {**trial.load("empty"), **trial.load("waiting"), **trial.rest(), **trial.memory()}


class Trial:
    """A competitor at work."""

    def __init__(self, entry: Entry, port: int, folder: Path) -> None:
        self._entry = entry
        self._redis = redis.Redis(port=port)
        path = folder / "marks"
        path.touch()
        self._marks = Marks(path)
        self._environment = {
            **account_settings({"redis": port, "serving": _NOWHERE, "simulator": _NOWHERE}),
            PATH: str(path),
            URL: f"redis://127.0.0.1:{port}/0",
            "PYTHONPATH": str(ROOT),
        }
        self._programs = [
            Program(
                name=entry.name, environment=self._environment, ready=lambda: True,
                command=[str(entry.python), "-m", *entry.command.split()],
                log=folder / f"{number}.log",
            )
            for number in range(entry.copies)
        ]  # fmt: skip

    @contextmanager
    def working(self) -> Iterator[None]:
        """Start it; end it afterwards."""
        try:
            for program in self._programs:
                program.start()
            yield
        finally:
            for program in self._programs:
                program.end()

    def warm_up(self) -> None:
        """Send jobs that wait until every process and thread has had some; raise BenchError."""
        end, seen = time.monotonic() + _PATIENCE, set[int]()
        while len(seen) < self._entry.processes:
            if time.monotonic() > end:
                raise self._error(f"only {len(seen)} of its processes took jobs")
            self._run(2 * self._entry.slots, WAIT)
            seen = {mark.process for mark in self._marks.since(0)}
        self._run(10 * self._entry.slots, 0)

    def load(self, kind: str) -> dict[str, float]:
        """Prefill the queue, let go, and return how fast it was emptied and at what cost."""
        number = {"empty": self._entry.empty, "waiting": self._entry.waiting}[kind]
        self._each(process.freeze)
        self._send("fill", number, WAIT if kind == "waiting" else 0)
        before, cpu, target = count(self._redis), self._cpu(), self._marks.count() + number
        began = time.perf_counter()
        self._each(process.thaw)
        self._await(target)
        seconds = time.perf_counter() - began
        after = count(self._redis)
        return {
            kind: number / seconds,
            f"{kind}_cpu": (self._cpu() - cpu) / number * 1000,
            f"{kind}_commands": (after.commands - before.commands) / number,
            f"{kind}_trips": (after.reads - before.reads) / number,
        }

    def rest(self) -> dict[str, float]:
        """Return the milliseconds from sending a job to its start on an idle worker."""
        time.sleep(0.2)  # for what the last jobs left to do
        first = self._marks.count()
        self._send("pace", PACED, 0)
        delays = [1000 * mark.delay for mark in self._marks.since(first)]
        hundredths = statistics.quantiles(delays, n=100, method="inclusive")
        return {"p50": statistics.median(delays), "p99": hundredths[98]}

    def memory(self) -> dict[str, float]:
        """Return the PSS of all its processes, and that for each that works, in MB."""
        size = sum(process.memory(process.session(program)) for program in self._programs)
        return {"pss": size, "pss_each": size / self._entry.processes}

    def _run(self, number: int, pause: float) -> None:
        target = self._marks.count() + number
        self._send("fill", number, pause)
        self._await(target)

    def _await(self, target: int) -> None:
        end = time.monotonic() + _PATIENCE
        while not self._marks.reach(target, _LOOK):
            if any(program.died() for program in self._programs):
                raise self._error("ended by itself")
            if time.monotonic() > end:
                raise self._error(f"{target - self._marks.count()} jobs are not done")

    def _error(self, what: str) -> BenchError:
        words = "\n".join(program.last_words() for program in self._programs)
        return BenchError(f"{self._entry.name}: {what}:\n{words}")

    def _send(self, manner: str, number: int, pause: float) -> None:
        program = [str(self._entry.python), "-m", "bench.worker.client", self._entry.module]
        subprocess.run(  # noqa: S603  # our own program
            [*program, manner, str(number), str(pause)],
            cwd=ROOT, env={**os.environ, **self._environment}, check=True,
        )  # fmt: skip

    def _each(self, act: Callable[[int], None]) -> None:
        for program in self._programs:
            act(process.session(program))

    def _cpu(self) -> float:
        return sum(process.cpu(process.session(program)) for program in self._programs)
