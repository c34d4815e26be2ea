"""A bot that answers inside WeChat's request: a program beside the product, the same model."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench import process
from bench.account import AccountAtWork
from bench.harness import BenchError
from bench.webhook import knock
from bench.webhook.lineup import Entry
from bench.webhook.trial import request
from launch.supervisor import ROOT, free_port

_CONNECTIONS = 8


class InsideBot:
    """Runs under gunicorn, as the product's webhook does."""

    def __init__(self, work: AccountAtWork, environment: Mapping[str, str], folder: Path) -> None:
        self._work = work
        self._folder = folder
        self._port = free_port()
        entry = Entry(name="inside", title="", python=Path(sys.executable))
        self._program = entry.program(
            self._port, {**environment, "PYTHONPATH": str(ROOT)}, folder / "inside.log"
        )

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Start it; end it afterwards."""
        self._program.start()
        try:
            process.await_ready(self._program)
            yield
        finally:
            self._program.end()

    def rate(self, number: int) -> float:
        """Return how many pictures a second it answers."""
        pushes = [request(*self._work.seal(each)) for each in self._work.prepare(number)]
        path = self._folder / "pushes"
        path.write_bytes(knock.pack(pushes))
        command = [sys.executable, "-m", "bench.webhook.knock", str(self._port), str(path)]
        done = subprocess.run(  # noqa: S603  # our own program
            [*command, "closed", str(_CONNECTIONS)],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise BenchError(f"inside: {done.stderr[-500:]}\n{self._program.last_words()}")
        return number / float(json.loads(done.stdout)["seconds"])
