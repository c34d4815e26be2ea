"""`python -m bench.worker`: our worker beside RQ's, Celery, dramatiq, huey, a Redis list."""

from __future__ import annotations

import argparse
import functools
import subprocess
import sys
from collections.abc import Sequence

from bench import database, trial
from bench.environment import WORKERS
from bench.harness import ROUNDS, BenchError, Contestant, Race, Spread, race
from bench.lineup import LINEUP, Entry
from bench.machine import machine
from bench.report import Aim, Column, Report
from simulator.house import ROOT, HouseError, say

_DOCUMENT = ROOT / "docs" / "performance.md"
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
    chosen = _options()
    entries = [each for each in LINEUP if each.name in chosen.only]
    try:
        WORKERS.install(say)
        with database.database() as port:
            report = _measure(entries, chosen.rounds, port)
    except (BenchError, HouseError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"\n✗ {error}\n")
        return 1
    say("\n" + report.markdown())
    if report.aims and chosen.rounds >= ROUNDS:  # less would not be worth keeping
        report.write(_DOCUMENT)
    return 0


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


def _options() -> argparse.Namespace:
    names = [entry.name for entry in LINEUP]
    parser = argparse.ArgumentParser(prog="python -m bench.worker")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    return parser.parse_args()


def _versions(port: int) -> dict[str, str]:
    server = {"Redis server": database.version(port)}
    return server | {name: WORKERS.version(name) for name in _PEERS}


def _aims(measured: Race) -> list[Aim]:
    waiting = measured.ratio("waiting", "kantu", "raw")
    empty = measured.ratio("empty", "kantu", "celery")
    start, size = measured.spread("kantu", "p50"), measured.spread("kantu", "pss_each")
    return [
        Aim(text="waiting: ≥ 0.95 × a bare Redis list", found=waiting, met=_least(waiting, 0.95)),
        Aim(text="empty: ≥ 1.0 × Celery on threads", found=empty, met=_least(empty, 1.0)),
        Aim(text="PSS for each process: ≤ 65 MB", found=size, met=_most(size, 65), digits=0),
        Aim(text="sent to started, idle: p50 ≤ 3 ms", found=start, met=_most(start, 3), digits=1),
    ]


def _least(found: Spread | None, limit: float) -> bool:
    return found is not None and found.median >= limit


def _most(found: Spread | None, limit: float) -> bool:
    return found is not None and found.median <= limit


if __name__ == "__main__":
    sys.exit(main())
