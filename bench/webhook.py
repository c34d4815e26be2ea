"""`python -m bench.webhook`: our webhook beside such as reply only, and such as queue only."""

from __future__ import annotations

import argparse
import functools
import subprocess
import sys
from collections.abc import Sequence

from bench import database, webhook_trial
from bench.harness import ROUNDS, BenchError, Contestant, Race, Spread, race
from bench.machine import machine
from bench.report import Aim, Column, Report
from bench.webhook_lineup import ENVIRONMENT, LINEUP, Entry
from bench.webhook_trial import CONNECTIONS, RATE
from simulator.house import ROOT, HouseError, say

_DOCUMENT = ROOT / "docs" / "performance.md"
_RATE = Column(metric="rate", title=f"requests/s, {CONNECTIONS} connections", ranged=True)
_CPU = Column(metric="cpu", title="CPU µs a request", ranged=True)
_COLUMNS = (
    _RATE,
    _CPU,
    Column(metric="p50", title=f"at {RATE}/s: p50 ms", digits=1),
    Column(metric="p99", title="p99 ms", digits=1, ranged=True),
    Column(metric="commands", title="Redis commands", digits=1),
    Column(metric="trips", title="trips to Redis", digits=1),
    Column(metric="client_cpu", title="the client's CPU µs"),
)
_PEERS = ("gunicorn", "flask", "wechatpy", "werobot", "celery", "rq", "redis")


def main() -> int:
    """Measure, and write bench/results/webhook.*; return 0, or 1 where something failed."""
    chosen = _options()
    entries = [each for each in LINEUP if each.name in chosen.only]
    try:
        ENVIRONMENT.install(say)
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
            name=each.name,
            title=each.title,
            run=functools.partial(webhook_trial.measure, each, port),
        )
        for each in entries
    ]
    measured = race(contestants, rounds, say)
    return Report(
        name="webhook",
        race=measured,
        contestants=contestants,
        columns=_COLUMNS,
        pictured=(_RATE, _CPU),
        aims=_aims(measured) if len(entries) == len(LINEUP) else (),
        facts=machine() | _versions(port),
    )


def _options() -> argparse.Namespace:
    names = [entry.name for entry in LINEUP]
    parser = argparse.ArgumentParser(prog="python -m bench.webhook")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    return parser.parse_args()


def _versions(port: int) -> dict[str, str]:
    server = {"Redis server": database.version(port)}
    return server | {name: ENVIRONMENT.version(name) for name in _PEERS}


def _aims(measured: Race) -> list[Aim]:
    limits = {
        "bare": ("≥ 0.6 × parse and reply", 0.6),
        "floor": ("≥ 0.75 × bare WSGI and one command", 0.75),
        "rq": ("ahead of plain RQ", 1.0),
        "celery": ("ahead of Celery", 1.0),
    }
    ratios = [
        _at_least(text, measured.ratio("rate", "kantu", name), limit)
        for name, (text, limit) in limits.items()
    ]
    p99 = measured.spread("kantu", "p99")
    met = p99 is not None and p99.median < 10
    unclear = p99 is not None and p99.low < 10 <= p99.high
    text = f"p99 at {RATE}/s: < 10 ms"
    return [*ratios, Aim(text=text, found=p99, met=met, digits=1, unclear=unclear)]


def _at_least(text: str, found: Spread | None, limit: float) -> Aim:
    met = found is not None and found.median >= limit
    unclear = found is not None and found.low < limit <= found.high
    return Aim(text=text, found=found, met=met, unclear=unclear)


if __name__ == "__main__":
    sys.exit(main())
