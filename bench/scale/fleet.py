"""What a message goes through: on one host, or at one of many accounts that share models."""

from __future__ import annotations

import dataclasses
import random
import statistics
from collections.abc import Callable, Sequence

from bench.scale.simulation import Clock, Cores, Life, Resource, pause

_SEED = 20260101


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What one message wants, in seconds of CPU."""

    app: float
    enter: float  # of Redis, by the webhook
    worker: float
    models: float
    work: float  # of Redis, by the worker
    wechat: float = 0.0  # where it is simulated on the same machine


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The parts of one account; the model servers may be others' as well."""

    app: Cores
    redis: Cores
    worker: Cores
    models: Cores
    wechat: Cores
    slots: Resource  # messages that the worker looks at at once


Distance = Callable[[random.Random], float]  # seconds that one call of WeChat's API takes


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came out of a simulation."""

    latencies: Sequence[float]  # seconds from sent to answered, of each message
    seconds: float  # until the last was answered

    def quantile(self, hundredth: int) -> float:
        """Return the latency that so many of a hundred messages stay below."""
        return statistics.quantiles(self.latencies, n=100, method="inclusive")[hundredth - 1]


def host(cores: float, slots: int) -> Account:
    """Return an account whose parts all share one machine."""
    shared = Cores(cores)
    return Account(
        app=shared, redis=shared, worker=shared, models=shared, wechat=shared, slots=Resource(slots)
    )


def account(*, app: int, worker: int, slots: int, models: Cores) -> Account:
    """Return an account with cores of its own; slots are those of each core of the worker."""
    return Account(
        app=Cores(app), redis=Cores(1), worker=Cores(worker), models=models,
        wechat=Cores(1), slots=Resource(slots * worker),
    )  # fmt: skip


def arriving(rate: float, number: int) -> list[float]:
    """Return when so many messages arrive, at random, so many a second on average."""
    chance, now = random.Random(_SEED), 0.0  # noqa: S311  # no secret
    times = []
    for _ in range(number):
        now += chance.expovariate(rate)
        times.append(now)
    return times


def simulate(
    accounts: Sequence[Account], demand: Demand, times: Sequence[float], distance: Distance
) -> Run:
    """Return what becomes of messages that arrive at those times, each at any of the accounts."""
    world = _World(accounts, demand, distance)
    for time in times:
        world.clock.after(time, world.message())
    world.clock.run()
    return Run(latencies=world.latencies, seconds=world.clock.now)


class _World:
    def __init__(self, accounts: Sequence[Account], demand: Demand, distance: Distance) -> None:
        self.clock, self.latencies = Clock(), list[float]()
        self._accounts, self._demand, self._distance = accounts, demand, distance
        self._chance = random.Random(_SEED)  # noqa: S311  # no secret

    def message(self) -> Life:
        """Live the life of one message."""
        came, at, demand = self.clock.now, self._chance.choice(self._accounts), self._demand
        yield from at.app.compute(self.clock, demand.app)
        yield from at.redis.compute(self.clock, demand.enter)
        yield at.slots.take
        for part in (self._wechat, self._models, self._wechat):
            yield from at.redis.compute(self.clock, demand.work / 3)
            yield from at.worker.compute(self.clock, demand.worker / 3)
            yield from part(at)
        at.slots.give(self.clock)
        self.latencies.append(self.clock.now - came)

    def _wechat(self, at: Account) -> Life:
        yield from at.wechat.compute(self.clock, self._demand.wechat / 2)
        yield pause(self._distance(self._chance))

    def _models(self, at: Account) -> Life:
        yield from at.models.compute(self.clock, self._demand.models)
