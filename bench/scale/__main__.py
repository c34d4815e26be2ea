"""`python -m bench.scale`: what a message costs here, and how many of each part which load needs.

The costs are measured, the large loads are simulated with them, and the simulation is held against
what was measured. Writes bench/results/scale.* and the tables of docs/scale.md.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Mapping

from bench.harness import BenchError
from bench.machine import machine
from bench.report import renew, table
from bench.scale import check, cost, curve, need
from bench.scale.cost import Cost
from bench.scale.fleet import Demand
from launch.supervisor import ROOT, LaunchError, say

_RESULTS = ROOT / "bench" / "results"
_DOCUMENT = ROOT / "docs" / "scale.md"
_COSTS = _RESULTS / "scale.json"
_TITLES = {
    "app": "webhook",
    "redis": "Redis",
    "worker": "worker",
    "serving": "model server",
}


def main() -> int:
    """Measure, simulate, write; return 0, or 1 where something could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale")
    parser.add_argument("--measured", action="store_true", help="simulate with the last figures")
    chosen = parser.parse_args()
    try:
        facts, measured = _last() if chosen.measured else (machine(), cost.measure(say))
    except (BenchError, LaunchError) as error:
        sys.stderr.write(f"\n✗ {error}\n")
        return 1
    say("· simulating")
    demand = demand_of(measured)
    parts = {
        "scale-cost.md": _cost(measured, facts),
        "scale-check.md": check.markdown(measured),
        "scale.md": need.markdown(demand, measured.slots),
    }
    kept = {"facts": dict(facts), "cost": dataclasses.asdict(measured)}
    _COSTS.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    (_RESULTS / "scale.svg").write_text(curve.draw(need.plots(demand, measured.slots)), "utf-8")
    for name, markdown in parts.items():
        say("\n" + markdown)
        (_RESULTS / name).write_text(markdown, "utf-8")
        renew(_DOCUMENT, f"bench/results/{name}", markdown)
    return 0


def _last() -> tuple[Mapping[str, str], Cost]:
    """Return what the last run measured; raise BenchError where there was none."""
    try:
        kept = json.loads(_COSTS.read_text("utf-8"))
        return kept["facts"], cost.load(kept["cost"])
    except (OSError, ValueError, KeyError, TypeError):
        raise BenchError(f"{_COSTS} holds no figures; run it without --measured") from None


def demand_of(measured: Cost) -> Demand:
    """Return what a message wants of each part while there is much to do."""
    taken, drained = measured.taken.cpu, measured.drained.cpu
    return Demand(
        app=taken["app"] / 1000,
        enter=taken["redis"] / 1000,
        worker=drained["worker"] / 1000,
        models=drained["serving"] / 1000,
        work=drained["redis"] / 1000,
    )


def _cost(measured: Cost, facts: Mapping[str, str]) -> str:
    demand = demand_of(measured)
    wanted = {
        "app": demand.app,
        "redis": demand.enter + demand.work,
        "worker": demand.worker,
        "serving": demand.models,
    }
    rows = [
        [
            title,
            f"{1000 * wanted[name]:.1f}",
            f"{measured.paced.cpu[name]:.1f}",
            f"{1 / wanted[name]:,.0f}",
        ]
        for name, title in _TITLES.items()
    ]
    heads = ["program", "CPU ms a message, busy", "one at a time", "messages/s a core"]
    return "\n\n".join([table(heads, rows), _traffic(measured), _machine(measured, facts)])


def _traffic(measured: Cost) -> str:
    taken, drained = measured.taken, measured.drained
    most = ", ".join(f"{name.upper()} {number:.0f}" for name, number in measured.most.items())
    calls = {path.rpartition("/cgi-bin/")[2]: size for path, size in measured.wechat.items()}
    rows = [
        ["commands to Redis: webhook", f"{taken.commands:.0f}"],
        ["commands to Redis: worker", f"{measured.paced.commands - taken.commands:.0f}"],
        ["trips to Redis, both", f"{measured.paced.trips:.0f}"],
        ["bytes to Redis", f"{taken.redis_in + drained.redis_in:,.0f}"],
        ["bytes from Redis", f"{taken.redis_out + drained.redis_out:,.0f}"],
        ["bytes that stay in Redis' memory, for an hour", f"{measured.memory:,.0f}"],
        ["bytes of the picture there, for half an hour", f"{measured.picture:,.0f}"],
        ["bytes in Redis' file, until it is rewritten", f"{measured.file:,.0f}"],
        ["bytes from WeChat to the webhook", f"{measured.pushed:,.0f}"],
        *([f"bytes of `{path}`", f"{size:,.0f}"] for path, size in sorted(calls.items())),
    ]
    return table(["for each message", ""], rows) + f"\n\nMost frequent: {most}."


def _machine(measured: Cost, facts: Mapping[str, str]) -> str:
    described = "; ".join(f"{name} {value}" for name, value in facts.items())
    others = ", ".join(
        f"{each.others:.1f}" for each in (measured.paced, measured.taken, measured.drained)
    )
    return (
        f"{described}. Cores that other programs used in the three phases: {others} of "
        f"{measured.cores}.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
