"""A benchmark whose contestants take turns, each with an emptied Redis: worker and webhook."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from bench import command, database
from bench.environment import Environment
from bench.harness import ROUNDS, Contestant, Race, race
from bench.machine import machine
from bench.report import Aim, Column, Report
from launch.supervisor import say


class Entry(Protocol):
    """Who competes."""

    @property
    def name(self) -> str:
        """What the command line calls it."""

    @property
    def title(self) -> str:
        """What the table calls it."""


_E = TypeVar("_E", bound=Entry)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Contest(Generic[_E]):
    """What is measured of whom, and what was aimed at."""

    name: str  # of the benchmark
    lineup: Sequence[_E]
    environment: Environment  # of the competitors
    packages: Sequence[str]  # in it, whose versions are told
    measure: Callable[[_E, int], Mapping[str, float]]  # an entry, the port of its Redis
    columns: Sequence[Column]
    pictured: Sequence[Column]
    aims: Callable[[Race], Sequence[Aim]]

    def run(self) -> int:
        """Measure, and write bench/results/NAME.*; return 0, or 1 where something failed."""
        names = [entry.name for entry in self.lineup]
        chosen = command.parser(f"bench.{self.name}", contestants=names).parse_args()
        entries = [each for each in self.lineup if each.name in chosen.only]

        def measure() -> Report:
            self.environment.install(say)
            with database.database() as port:
                return self._measure(entries, chosen.rounds, port)

        return command.publish(measure, keep=chosen.rounds >= ROUNDS)

    def _measure(self, entries: Sequence[_E], rounds: int, port: int) -> Report:
        contestants = [
            Contestant(
                name=each.name, title=each.title, run=functools.partial(self.measure, each, port)
            )
            for each in entries
        ]
        measured = race(contestants, rounds, say)
        versions = {name: self.environment.version(name) for name in self.packages}
        return Report(
            name=self.name,
            race=measured,
            contestants=contestants,
            columns=self.columns,
            pictured=self.pictured,
            aims=self.aims(measured) if len(entries) == len(self.lineup) else (),
            facts=machine() | {"Redis server": database.version(port)} | versions,
        )
