"""Who competes, how each is started, and how many jobs keep it busy for seconds on two cores."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from bench.environment import WORKERS


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One competitor."""

    name: str
    title: str
    module: str  # in bench.worker.competitor
    command: str  # behind `python -m`
    python: Path = WORKERS.python
    copies: int = 1  # how often it is started
    processes: int = 1  # that run jobs, in all
    slots: int = 1  # jobs at a time, in all
    empty: int  # jobs that do nothing
    waiting: int  # jobs that wait


_WAITING = 26 * 64  # all slots full to the end: about two seconds

LINEUP = (
    Entry(
        name="kantu", title="**Kantu**, 2 × 32 threads", module="kantu",
        command="bench.worker.competitor.kantu", python=Path(sys.executable),
        processes=2, slots=64, empty=3600, waiting=_WAITING,
    ),
    Entry(
        name="simple", title="RQ SimpleWorker × 1", module="rq",
        command="bench.worker.competitor.rq SimpleWorker", empty=800, waiting=25,
    ),
    Entry(
        name="fork", title="RQ Worker (forks) × 1", module="rq",
        command="bench.worker.competitor.rq Worker", empty=150, waiting=20,
    ),
    Entry(
        name="celery", title="Celery, 64 threads, acks_late", module="celery",
        command="celery -A bench.worker.competitor.celery worker --pool threads --concurrency 64"
        " --loglevel ERROR --without-gossip --without-mingle",
        slots=64, empty=2400, waiting=_WAITING,
    ),
    Entry(
        name="dramatiq", title="dramatiq, 2 × 32 threads", module="dramatiq",
        command="dramatiq bench.worker.competitor.dramatiq --processes 2 --threads 32",
        processes=2, slots=64, empty=10000, waiting=_WAITING,
    ),
    Entry(
        name="huey", title="huey, 2 × 32 threads", module="huey",
        command="huey.bin.huey_consumer bench.worker.competitor.huey.app -w 32 -k thread -n -q",
        copies=2, processes=2, slots=64, empty=15000, waiting=_WAITING,
    ),
    Entry(
        name="raw", title="bare Redis list, 2 × 32 threads", module="raw",
        command="bench.worker.competitor.raw 32",
        copies=2, processes=2, slots=64, empty=20000, waiting=_WAITING,
    ),
)  # fmt: skip
