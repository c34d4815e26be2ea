"""`python -m bench.webhook`: our webhook beside such as reply only, and such as queue only."""

from __future__ import annotations

import sys

from bench.contest import Contest
from bench.harness import Race
from bench.report import Aim, Column, at_least, at_most
from bench.webhook import trial
from bench.webhook.lineup import ENVIRONMENT, LINEUP
from bench.webhook.trial import CONNECTIONS, RATE

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


CONTEST = Contest(
    name="webhook",
    lineup=LINEUP,
    environment=ENVIRONMENT,
    packages=_PEERS,
    measure=trial.measure,
    columns=_COLUMNS,
    pictured=(_RATE, _CPU),
    aims=_aims,
)


if __name__ == "__main__":
    sys.exit(CONTEST.run())
