"""Contestants measured in turns, A B A B: a machine that grows busy grows busy for all of them.

Within a round they ran side by side in time, so ratios are taken there, pair by pair.
"""

from __future__ import annotations

import dataclasses
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

from launch.progress import bar
from launch.supervisor import Say

ROUNDS = 5


class BenchError(Exception):
    """A contestant could not be measured; the text says which and why."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """One that is measured."""

    name: str  # short: the key in results
    title: str  # for readers
    run: Callable[[], Mapping[str, float]]  # starts, warms up, measures, ends; metric -> value


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Several values of one thing."""

    median: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """What came out."""

    rounds: Sequence[Mapping[str, Mapping[str, float]]]  # each: contestant -> metric -> value
    loads: Sequence[float]  # of the machine, over a minute, before each round
    seconds: float  # that it all took

    def spread(self, name: str, metric: str) -> Spread | None:
        """Return what a contestant reached, if that was measured."""
        return spread([each[name][metric] for each in self.rounds if metric in each[name]])

    def ratio(self, metric: str, name: str, other: str) -> Spread | None:
        """Return how many times the other's value a contestant reached, round by round."""
        pairs = [(each[name].get(metric), each[other].get(metric)) for each in self.rounds]
        return spread([one / two for one, two in pairs if one is not None and two])


def race(contestants: Sequence[Contestant], rounds: int, say: Say) -> Race:
    """Measure all of them, round after round."""
    began, loads = time.monotonic(), list[float]()
    measured = list[dict[str, Mapping[str, float]]]()
    with bar(rounds * len(contestants)) as show:
        for number in range(rounds):
            loads.append(os.getloadavg()[0])
            measured.append({})
            for place, contestant in enumerate(contestants):
                show(number * len(contestants) + place, contestant.title)
                values = contestant.run()
                measured[-1][contestant.name] = values
                figures = "  ".join(f"{metric} {value:.4g}" for metric, value in values.items())
                say(f"{number + 1}/{rounds} {contestant.name:<8} {figures}")
    return Race(rounds=measured, loads=loads, seconds=time.monotonic() - began)


def spread(values: Sequence[float]) -> Spread | None:
    """Return the middle and the ends of some values, if there are any."""
    if not values:
        return None
    return Spread(median=statistics.median(values), low=min(values), high=max(values))
