"""What a benchmark leaves behind: bench/results/NAME.json with everything, .md and .svg to read.

The document that tells of it holds the same table between two comments, renewed with it:

    <!-- bench/results/NAME.md -->  ...  <!-- end -->
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.chart import Bar, Panel, draw
from bench.harness import Contestant, Race, Spread
from launch.supervisor import ROOT

_RESULTS = ROOT / "bench" / "results"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One metric, as readers see it."""

    metric: str
    title: str  # with its unit
    digits: int = 0
    ranged: bool = False  # show the least and the most, too


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What we wanted, and what came out."""

    text: str
    found: Spread | None
    met: bool
    digits: int = 2
    unclear: bool = False  # some rounds say the one, some the other

    def cells(self) -> list[str]:
        """Return its row of a table."""
        verdict = ("met" if self.met else "**missed**") + ", rounds differ" * self.unclear
        return [self.text, _cell(self.found, self.digits, ranged=True), verdict]


def at_least(text: str, found: Spread | None, limit: float, digits: int = 2) -> Aim:
    """Return whether what was found reaches a limit."""
    met = found is not None and found.median >= limit
    unclear = found is not None and found.low < limit <= found.high
    return Aim(text=text, found=found, met=met, digits=digits, unclear=unclear)


def at_most(text: str, found: Spread | None, limit: float, digits: int = 2) -> Aim:
    """Return whether what was found stays within a limit."""
    met = found is not None and found.median <= limit
    unclear = found is not None and found.low <= limit < found.high
    return Aim(text=text, found=found, met=met, digits=digits, unclear=unclear)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A race and how to show it."""

    name: str  # of the files
    race: Race
    contestants: Sequence[Contestant]
    columns: Sequence[Column]
    pictured: Sequence[Column]
    aims: Sequence[Aim]
    facts: Mapping[str, str]  # machine and versions
    notes: Sequence[str] = ()  # more tables

    def write(self, document: Path) -> None:
        """Write the three files, and the table in the document."""
        _RESULTS.mkdir(exist_ok=True)
        markdown = self.markdown()
        (_RESULTS / f"{self.name}.md").write_text(markdown, "utf-8")
        (_RESULTS / f"{self.name}.json").write_text(self._json(), "utf-8")
        (_RESULTS / f"{self.name}.svg").write_text(draw(self._panels()), "utf-8")
        renew(document, f"bench/results/{self.name}.md", markdown)

    def markdown(self) -> str:
        """Return tables: all contestants, then the aims, then what it ran on."""
        facts = "; ".join(f"{name} {value}" for name, value in self.facts.items())
        loads = ", ".join(f"{load:.1f}" for load in self.race.loads)
        return "\n\n".join([
            table(["", *(column.title for column in self.columns)], self._rows()),
            *self._aims(),
            *self.notes,
            f"Medians of {len(self.race.rounds)} rounds (least–most). {facts}.",
            f"Load before each round: {loads}. Took {self.race.seconds / 60:.1f} minutes.\n",
        ])  # fmt: skip

    def _rows(self) -> list[list[str]]:
        return [
            [each.title, *(self._value(each.name, column) for column in self.columns)]
            for each in self.contestants
        ]

    def _aims(self) -> list[str]:
        if not self.aims:
            return []
        return [table(["aim", "found", ""], [aim.cells() for aim in self.aims])]

    def _value(self, name: str, column: Column) -> str:
        return _cell(self.race.spread(name, column.metric), column.digits, ranged=column.ranged)

    def _panels(self) -> list[Panel]:
        return [
            Panel(
                title=column.title,
                bars=[
                    Bar(label=contestant.title.replace("*", ""), value=value)
                    for contestant in self.contestants
                    if (value := self.race.spread(contestant.name, column.metric))
                ],
            )
            for column in self.pictured
        ]

    def _json(self) -> str:
        return json.dumps({"facts": self.facts, **dataclasses.asdict(self.race)}, indent=1) + "\n"


def _cell(value: Spread | None, digits: int, *, ranged: bool) -> str:
    if value is None:
        return "–"
    middle, low, high = (f"{each:,.{digits}f}" for each in (value.median, value.low, value.high))
    return f"{middle} ({low}–{high})" if ranged else middle


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown, figures to the right."""
    rule = ["---", *["---:" for _ in head[1:]]]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, rule, *rows])


def renew(document: Path, name: str, markdown: str) -> None:
    """Put markdown between the two comments of that name in a document."""
    pattern = rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)"
    text = document.read_text("utf-8")
    renewed = re.sub(pattern, lambda found: found[1] + markdown + found[2], text, flags=re.DOTALL)
    document.write_text(renewed, "utf-8")
