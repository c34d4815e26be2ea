"""`python -m bench.worker.client COMPETITOR fill|pace NUMBER PAUSE`: what sends a competitor jobs.

It runs in the competitors' virtual environment and sends as each competitor's own users do.
"""

from __future__ import annotations

import importlib
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.worker.mark import PATH, Marks

Send = Callable[[int, float], None]  # when, in monotonic ns; seconds that the job waits
_SETTLED = (0.010, 0.020)  # seconds after a job until its worker is surely idle
_PATIENCE = 10.0  # seconds


def fill(send: Send, number: int, pause: float) -> None:
    """Send so many jobs at once."""
    for _ in range(number):
        send(time.monotonic_ns(), pause)


def pace(send: Send, number: int, pause: float) -> None:
    """Send one job after another, each to an idle worker."""
    marks = Marks(Path(os.environ[PATH]))
    for _ in range(number):
        before = marks.count()
        send(time.monotonic_ns(), pause)
        if not marks.reach(before + 1, _PATIENCE):
            raise TimeoutError(f"a job was not done within {_PATIENCE} s")
        time.sleep(random.uniform(*_SETTLED))  # noqa: S311  # no secret


if __name__ == "__main__":
    competitor, manner, jobs, seconds = sys.argv[1:]
    send = importlib.import_module(f"bench.worker.competitor.{competitor}").send
    {"fill": fill, "pace": pace}[manner](send, int(jobs), float(seconds))
