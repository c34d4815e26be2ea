"""How many of each part a load needs: the least that leaves some room, then simulated."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Sequence

from bench.report import table
from bench.scale import fleet
from bench.scale.curve import Line, Plot
from bench.scale.fleet import Account, Demand, Run
from bench.scale.simulation import Cores

_BUSY = 0.7  # of a part's time: the rest is for bursts, and for one part that is away
_SENDS = 500_000  # custom/send, a day, of an account by default
_DAY = 24 * 3600  # seconds
_LEAST, _MORE = 0.05, 0.05  # seconds that a call of WeChat's takes: at least, and on average beyond
_LEAST_MESSAGES, _MOST_MESSAGES = 3000, 20_000  # in a simulation
_LOADS = (0.1, 0.25, 0.4, 0.5, 0.6, 0.7, 0.8, 0.87, 0.93)  # of what can be borne
_HOST = 4  # cores of the host in the picture


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Messages that come in."""

    name: str
    rate: float  # a second
    daily: float  # a day: it decides how many accounts there must be, by WeChat's quota
    raised: bool = False  # WeChat has raised the quota of one account for all of it


LOADS = (
    Load(name="1/s", rate=1, daily=1 * _DAY),
    Load(name="100/s", rate=100, daily=100 * _DAY),
    Load(name="100/s, one account, quota raised", rate=100, daily=100 * _DAY, raised=True),
    Load(name="1,160/s", rate=1160, daily=100e6),
    Load(name="10,000/s, the peak of such a day", rate=10_000, daily=100e6),
)


def distance(chance: random.Random) -> float:
    """Return the seconds that a call of WeChat's API takes: assumed, not measured."""
    return _LEAST + chance.expovariate(1 / _MORE)


def markdown(demand: Demand, slots: int) -> str:
    """Return the table: loads, and how many of each part they need."""
    heads = [
        "messages", "a day", "accounts", "webhook cores", "Redis", "worker cores", "model cores",
        "p50 s", "p99 s",
    ]  # fmt: skip
    note = (
        f"Each part at most {100 * _BUSY:.0f} % busy, and each account with a core for its webhook "
        f"and one for its worker at least. Each call of WeChat's API is assumed to take "
        f"{1000 * _LEAST:.0f} ms and {1000 * _MORE:.0f} ms more on average.\n"
    )
    return table(heads, [_row(load, demand, slots) for load in LOADS]) + "\n\n" + note


def _row(load: Load, demand: Demand, slots: int) -> list[str]:
    accounts = 1 if load.raised else math.ceil(load.daily / _SENDS)
    share = load.rate / accounts
    app, worker = _cores(share * demand.app), _cores(share * demand.worker)
    models = _cores(load.rate * demand.models)
    shared = Cores(models)
    each = [
        fleet.account(app=app, worker=worker, slots=slots, models=shared) for _ in range(accounts)
    ]
    run = _simulated(each, demand, load.rate)
    counts = (accounts, accounts * app, accounts, accounts * worker, models)
    return [
        load.name, f"{load.daily:,.0f}", *(f"{count:,}" for count in counts),
        f"{run.quantile(50):.2f}", f"{run.quantile(99):.2f}",
    ]  # fmt: skip


def _cores(seconds: float) -> int:
    """Return how many cores bear so many seconds of CPU a second."""
    return max(1, math.ceil(seconds / _BUSY))


def _simulated(accounts: Sequence[Account], demand: Demand, rate: float) -> Run:
    number = min(_MOST_MESSAGES, max(_LEAST_MESSAGES, int(2 * rate)))
    return fleet.simulate(accounts, demand, fleet.arriving(rate, number), distance)


def plots(demand: Demand, slots: int) -> list[Plot]:
    """Return latency against load, of one host and of an account with cores of its own."""
    total = sum(dataclasses.asdict(demand).values())
    own = min(1 / demand.app, 1 / demand.worker, 1 / (demand.enter + demand.work))
    models = _cores(own * demand.models)
    return [
        _plot(
            f"One host of {_HOST} cores: everything on it",
            [
                (rate, _simulated([fleet.host(_HOST, slots)], demand, rate))
                for rate in (share * _HOST / total for share in _LOADS)
            ],
        ),
        _plot(
            "One account on a cluster: one worker of one core",
            [
                (rate, _simulated([_one(slots, models)], demand, rate))
                for rate in (share * own for share in _LOADS)
            ],
        ),
    ]


def _one(slots: int, models: int) -> Account:
    return fleet.account(app=1, worker=1, slots=slots, models=Cores(models))


def _plot(title: str, runs: Sequence[tuple[float, Run]]) -> Plot:
    lines = [
        Line(label=f"p{number}", points=[(rate, run.quantile(number)) for rate, run in runs])
        for number in (50, 99)
    ]
    return Plot(title=title, across="messages a second", up="seconds to the answer", lines=lines)
