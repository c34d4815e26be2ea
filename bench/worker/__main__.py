"""`python -m bench.worker`: our worker beside RQ's, Celery, dramatiq, huey, a Redis list."""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence

from bench import command, database
from bench.environment import WORKERS
from bench.harness import ROUNDS, Contestant, Race, race
from bench.machine import machine
from bench.report import Aim, Column, Report, at_least, at_most
from bench.worker import trial
from bench.worker.lineup import LINEUP, Entry
from launch.supervisor import say

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


def main() -> int:
    """Measure, and write bench/results/worker.*; return 0, or 1 where something failed."""
    names = [entry.name for entry in LINEUP]
    chosen = command.parser("bench.worker", contestants=names).parse_args()
    entries = [each for each in LINEUP if each.name in chosen.only]

    def measure() -> Report:
        WORKERS.install(say)
        with database.database() as port:
            return _measure(entries, chosen.rounds, port)

    return command.publish(measure, keep=chosen.rounds >= ROUNDS)


def _measure(entries: Sequence[Entry], rounds: int, port: int) -> Report:
    contestants = [
        Contestant(
            name=each.name, title=each.title, run=functools.partial(trial.measure, each, port)
        )
        for each in entries
    ]
    measured = race(contestants, rounds, say)
    return Report(
        name="worker",
        race=measured,
        contestants=contestants,
        columns=_COLUMNS,
        pictured=_PICTURED,
        aims=_aims(measured) if len(entries) == len(LINEUP) else (),
        facts=machine() | _versions(port),
    )


def _versions(port: int) -> dict[str, str]:
    server = {"Redis server": database.version(port)}
    return server | {name: WORKERS.version(name) for name in _PEERS}


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


if __name__ == "__main__":
    sys.exit(main())
