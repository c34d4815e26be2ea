"""`python -m bench.worker`: our worker beside RQ's, Celery, dramatiq, huey, a Redis list."""

from __future__ import annotations

import sys

from bench.contest import Contest
from bench.environment import WORKERS
from bench.harness import Race
from bench.report import Aim, Column, at_least, at_most
from bench.worker import trial
from bench.worker.lineup import LINEUP

_PICTURED = (
    Column(metric="empty", title="empty jobs/s", ranged=True),
    Column(metric="waiting", title="jobs/s, each waiting 80 ms", ranged=True),
)
_COLUMNS = (
    *_PICTURED,
    Column(metric="p50", title="idle: sent to started, p50 ms", digits=1),
    Column(metric="p99", title="p99 ms", digits=1),
    Column(metric="waiting_cpu", title="CPU ms a job", digits=2),
    Column(metric="waiting_commands", title="Redis commands a job", digits=1),
    Column(metric="waiting_trips", title="trips to Redis a job", digits=1),
    Column(metric="pss", title="PSS MB"),
    Column(metric="pss_each", title="for each process that works"),
)
_PEERS = ("redis", "rq", "celery", "dramatiq", "huey")


def _aims(measured: Race) -> list[Aim]:
    waiting = measured.ratio("waiting", "kantu", "raw")
    empty = measured.ratio("empty", "kantu", "celery")
    start, size = measured.spread("kantu", "p50"), measured.spread("kantu", "pss_each")
    return [
        at_least("waiting: ≥ 0.95 × a bare Redis list", waiting, 0.95),
        at_least("empty: ≥ 1.0 × Celery on threads", empty, 1.0),
        at_most("PSS for each process: ≤ 65 MB", size, 65, digits=0),
        at_most("sent to started, idle: p50 ≤ 3 ms", start, 3, digits=1),
    ]


CONTEST = Contest(
    name="worker",
    lineup=LINEUP,
    environment=WORKERS,
    packages=_PEERS,
    measure=trial.measure,
    columns=_COLUMNS,
    pictured=_PICTURED,
    aims=_aims,
)


if __name__ == "__main__":
    sys.exit(CONTEST.run())
