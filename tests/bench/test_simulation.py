"""The simulation behind docs/scale.md, where queueing theory knows the answer."""

from __future__ import annotations

import dataclasses
import random
import statistics

import pytest

from bench.scale import fleet
from bench.scale.fleet import Demand
from bench.scale.simulation import Cores

_NOTHING = Demand(app=0, enter=0, worker=0, models=0, work=0)


def nowhere(_: random.Random) -> float:
    return 0.0


@pytest.mark.parametrize("busy", [0.3, 0.6, 0.8])
def test_queue_before_one_core_is_as_long_as_pollaczek_and_khinchine_say(busy: float) -> None:
    service = 0.004  # seconds: within one turn, so that nobody is interrupted
    demand = dataclasses.replace(_NOTHING, app=service)
    times = fleet.arriving(busy / service, 60_000)
    run = fleet.simulate([fleet.host(1, 1000)], demand, times, nowhere)
    expected = service + busy * service / (2 * (1 - busy))
    assert statistics.mean(run.latencies) == pytest.approx(expected, rel=0.1)


def test_no_more_messages_are_worked_on_than_there_are_slots() -> None:
    host = fleet.host(1, 10)
    run = fleet.simulate([host], _NOTHING, [0.0] * 95, lambda _: 0.5)  # two calls of WeChat's
    assert run.seconds == pytest.approx(10 * 1.0)
    assert host.slots.free == 10


def test_cores_that_are_shared_take_turns() -> None:
    demand = dataclasses.replace(_NOTHING, app=1.0)
    run = fleet.simulate([fleet.host(1, 10)], demand, [0.0, 0.0], nowhere)
    assert run.latencies == pytest.approx([2.0, 2.0], abs=0.02)


def test_part_of_a_core_is_as_much_slower() -> None:
    demand = dataclasses.replace(_NOTHING, app=0.3)
    run = fleet.simulate([fleet.host(1.5, 10)], demand, [0.0] * 10, nowhere)
    assert run.seconds == pytest.approx(0.3 * 10 / 1.5, rel=0.01)


def test_accounts_share_the_model_servers_and_nothing_else() -> None:
    models = Cores(1)
    two = [fleet.account(app=1, worker=1, slots=1, models=models) for _ in range(2)]
    demand = dataclasses.replace(_NOTHING, models=0.5)
    run = fleet.simulate(two, demand, [0.0] * 20, nowhere)
    assert run.seconds == pytest.approx(10.0)
    assert models.used == pytest.approx(10.0)
