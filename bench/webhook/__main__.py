"""`python -m bench.webhook`: our webhook beside such as reply only, and such as queue only."""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence

from bench import command, database
from bench.harness import ROUNDS, Contestant, Race, race
from bench.machine import machine
from bench.report import Aim, Column, Report, at_least, at_most
from bench.webhook import trial
from bench.webhook.lineup import ENVIRONMENT, LINEUP, Entry
from bench.webhook.trial import CONNECTIONS, RATE
from launch.supervisor import say

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
    names = [entry.name for entry in LINEUP]
    chosen = command.parser("bench.webhook", contestants=names).parse_args()
    entries = [each for each in LINEUP if each.name in chosen.only]

    def measure() -> Report:
        ENVIRONMENT.install(say)
        with database.database() as port:
            return _measure(entries, chosen.rounds, port)

    return command.publish(measure, keep=chosen.rounds >= ROUNDS)


def _measure(entries: Sequence[Entry], rounds: int, port: int) -> Report:
    contestants = [
        Contestant(
            name=each.name,
            title=each.title,
            run=functools.partial(trial.measure, each, port),
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
        at_least(text, measured.ratio("rate", "kantu", name), limit)
        for name, (text, limit) in limits.items()
    ]
    p99 = measured.spread("kantu", "p99")
    return [*ratios, at_most(f"p99 at {RATE}/s: < 10 ms", p99, 10, digits=1)]


if __name__ == "__main__":
    sys.exit(main())
