"""The simulation held against what was measured, with costs that were measured at another time."""

from __future__ import annotations

import dataclasses
import json
import random
import statistics

from bench.report import table
from bench.scale import fleet
from bench.scale.cost import QUEUED, RATE, Cost, Phase
from bench.scale.fleet import Demand
from bench.scale.simulation import Cores, Resource
from launch.supervisor import ROOT

_WORKER = ROOT / "bench" / "results" / "worker.json"
_WAIT, _PROCESSES, _THREADS, _JOBS = 0.08, 2, 32, 4000  # as bench.worker has it
_MESSAGES = 2000


def markdown(measured: Cost) -> str:
    """Return what was measured, what the simulation says, and by how much it is wrong."""
    rows = [
        _row(f"{QUEUED} messages that wait, until the last is answered, s", *_drained(measured)),
        *_paced(measured),
        _row("jobs/s, each waiting 80 ms ([performance.md](performance.md))", *_waiting()),
    ]
    return table(["", "measured", "simulated", "error"], rows) + "\n"


def _row(name: str, found: float, simulated: float) -> list[str]:
    digits = 2 if found < 100 else 0
    return [
        name, f"{found:.{digits}f}", f"{simulated:.{digits}f}", f"{simulated / found - 1:+.0%}",
    ]  # fmt: skip


def _demand(phase: Phase, wechat: Phase) -> Demand:
    cpu = {name: used / 1000 for name, used in phase.cpu.items()}
    return Demand(
        app=0, enter=0, worker=cpu["worker"], models=cpu["serving"], work=cpu["redis"],
        wechat=wechat.cpu["wechat"] / 1000,
    )  # fmt: skip


def _drained(measured: Cost) -> tuple[float, float]:
    """Predict it from what messages cost that came one by one, on the cores that were ours."""
    drained = measured.drained
    # But for WeChat's: while messages come one by one, that process has more to watch.
    demand = _demand(measured.paced, drained)
    ours = max(0.1, measured.cores - drained.others)
    run = fleet.simulate([fleet.host(ours, measured.slots)], demand, [0.0] * QUEUED, _no_distance)
    return drained.seconds, run.seconds


def _paced(measured: Cost) -> list[list[str]]:
    """Predict it from what messages cost that waited, on cores as slow as ours were just then."""
    taken, drained = measured.taken.cpu, measured.drained
    demand = dataclasses.replace(
        _demand(drained, drained), app=taken["app"] / 1000, enter=taken["redis"] / 1000
    )
    slow = {name: value * measured.stretch for name, value in dataclasses.asdict(demand).items()}
    times = [number / RATE for number in range(_MESSAGES)]
    host = fleet.host(measured.cores, measured.slots)
    run = fleet.simulate([host], Demand(**slow), times, _no_distance)
    found = statistics.quantiles(measured.latencies, n=100, method="inclusive")
    return [
        _row(f"{RATE:.0f} messages/s, sent to answered, {name}, s", found[at], run.quantile(at + 1))
        for name, at in (("p50", 49), ("p90", 89))
    ]


def _no_distance(_: random.Random) -> float:
    return 0.0


def _waiting() -> tuple[float, float]:
    """Predict what bench.worker measured, from the CPU that a job of its takes."""
    rounds = json.loads(_WORKER.read_text("utf-8"))["rounds"]
    found = statistics.median(each["kantu"]["waiting"] for each in rounds)
    used = statistics.median(each["kantu"]["waiting_cpu"] for each in rounds) / 1000
    demand = Demand(app=0, enter=0, worker=used, models=0, work=0)
    account = dataclasses.replace(
        fleet.host(2, 1), slots=Resource(_PROCESSES * _THREADS), worker=Cores(_PROCESSES)
    )

    def half(_: random.Random) -> float:
        return _WAIT / 2  # a message of ours calls WeChat twice

    run = fleet.simulate([account], demand, [0.0] * _JOBS, half)
    return found, _JOBS / run.seconds
