"""What a picture may cost, where that is the same on every machine: budget.toml, and how to count.

Time is measured in bench/; this is the guard that needs no quiet machine.
"""

from __future__ import annotations

import dataclasses
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import redis

_SHOWN = 40  # of what was called
# What redis-py says of itself on a new connection; Redis 6.2 knows no SETINFO, and counts CLIENT.
_OF_CONNECTING = {"cmdstat_client|setinfo", "cmdstat_client"}
_BUDGET = Path(__file__).with_name("budget.toml")
_ADVICE = """
a picture costs {part} more than tests/budget.toml allows:
{over}
What it did:
  {spent}
Set one figure in tests/budget.toml to 0 on the commit before, and this list shows what it did then.
If the difference is worth it, raise the figures there, and say in the commit what for."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What something cost."""

    figures: Mapping[str, float]  # as in the budget
    calls: Counter[str]  # command or function -> how often

    def less(self, other: Cost) -> Cost:
        """Return what this cost beyond another."""
        figures = {name: self.figures[name] - other.figures[name] for name in self.figures}
        return Cost(figures=figures, calls=self.calls - other.calls)


def least(costs: Sequence[Cost]) -> Cost:
    """Return the least of each figure, without what comes now and then, such as a heartbeat."""
    figures = {name: min(cost.figures[name] for cost in costs) for name in costs[0].figures}
    return Cost(figures=figures, calls=costs[0].calls)


def assert_within(part: str, cost: Cost) -> None:
    """Fail where a figure is above the budget, and say what to do."""
    allowed = tomllib.loads(_BUDGET.read_text("utf-8"))[part]
    over = [
        f"  {name}: {found:,.0f}; {allowed[name]:,} allowed"
        for name, found in cost.figures.items()
        if found > allowed[name]
    ]
    spent = ", ".join(f"{name} {number}" for name, number in cost.calls.most_common(_SHOWN))
    assert not over, _ADVICE.format(part=part, over="\n".join(over), spent=spent)


def in_redis(connection: redis.Redis, act: Callable[[], object]) -> Cost:
    """Do it and return what it cost Redis: commands, trips and bytes."""
    empty = _between(_read(connection), _read(connection))
    before = _read(connection)
    act()
    found = _between(before, _read(connection))
    calls = Counter[str](found["calls"]) - Counter[str](empty["calls"])
    figures = {name: found[name] - empty[name] for name in ("trips", "bytes_in", "bytes_out")}
    return Cost(figures={"commands": calls.total(), **figures}, calls=calls)


def _read(connection: redis.Redis) -> Mapping[str, Any]:
    return connection.info("everything")


def _between(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    names = {
        "trips": "total_reads_processed",
        "bytes_in": "total_net_input_bytes",
        "bytes_out": "total_net_output_bytes",
    }
    calls = {
        key.removeprefix("cmdstat_"): each["calls"] - before.get(key, {"calls": 0})["calls"]
        for key, each in after.items()
        if key.startswith("cmdstat_") and key not in _OF_CONNECTING
    }
    return {"calls": calls, **{name: after[key] - before[key] for name, key in names.items()}}


def in_python(act: Callable[[], object]) -> Cost:
    """Do it and return how many functions were called, of Python's and of C."""
    calls = Counter[str]()

    def note(frame: FrameType, event: str, called: Any) -> None:
        if event == "call":
            calls[f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}"] += 1
        elif event == "c_call":
            calls[getattr(called, "__name__", "?")] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(before)
    return Cost(figures={"calls": calls.total()}, calls=calls)
