"""docs/reliability.md: what was broken, and what became of the messages."""

from __future__ import annotations

import collections
import dataclasses
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path

from launch.programs import redis_binary

FOLDER = Path(__file__).parents[2] / "docs"
OUTCOMES = ("sent", "apologised", "parked", "dropped", "unknown")
SOAK, SEED = float(os.environ.get("SOAK", "180")), int(os.environ.get("SEED", "1"))
_COLOURS = ("#07a24a", "#e0a000", "#4a7bd0", "#888888", "#d04040")
# Where "waited" is the time that we need to be back.
_RECOVERIES = (
    "worker killed while the model looks",
    "host vanishes and another takes over",
    "redis is killed and comes back",
    "worker is replaced under load",
    "webhook is replaced under load",
)
_COLUMNS = ("fault", "messages", *OUTCOMES, "broken", "lost", "doubled", "waited")
_HEAD = (f"| {' | '.join(_COLUMNS)} |", "| --- |" + " ---: |" * (len(_COLUMNS) - 1))
_PACKAGES = ("rq", "redis", "gunicorn", "flask")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One fault and its messages."""

    fault: str
    outcomes: collections.Counter[str]  # "none": not accounted for
    broken: int  # sends that something broke: of each nobody knows whether it arrived
    doubled: int  # followers who read one answer twice
    seconds: float  # that the last of them waited for something to read
    figures: str = ""  # a sentence with what else was measured

    @property
    def messages(self) -> int:
        """How many were accepted."""
        return sum(self.outcomes.values())


def write(rows: Sequence[Row]) -> None:
    """Write the page and its picture."""
    (FOLDER / "reliability.md").write_text(page(rows), "utf-8")
    draw(rows, FOLDER / "images" / "reliability.svg")


def page(rows: Sequence[Row]) -> str:
    """Return the page, in Markdown."""
    total = Row(
        fault="**all**",
        outcomes=sum((row.outcomes for row in rows), collections.Counter()),
        broken=sum(row.broken for row in rows),
        doubled=sum(row.doubled for row in rows),
        seconds=max(row.seconds for row in rows),
    )
    back = [f"- {row.fault}: {row.seconds:.1f} s" for row in rows if row.fault in _RECOVERIES]
    figures = [f"- {row.fault}: {row.figures}" for row in rows if row.figures]
    return _PAGE.format(
        faults=len(rows),
        messages=f"{total.messages:,}",
        unknown=total.outcomes["unknown"],
        broken=total.broken,
        lost=total.outcomes["none"],
        doubled=total.doubled,
        table="\n".join([*_HEAD, *map(_line, (*rows, total))]),
        recoveries="\n".join(back),
        figures="\n".join(figures),
        soak=f"{SOAK:.0f}",
        seed=SEED,
        machine=_machine(),
    )


def _line(row: Row) -> str:
    counts = " | ".join(
        f"{row.outcomes[each]:,}" if row.outcomes[each] else "" for each in OUTCOMES
    )
    return (
        f"| {row.fault} | {row.messages:,} | {counts} | {row.broken or ''} "
        f"| {row.outcomes['none']} | {row.doubled} | {row.seconds:.1f} |"
    )


def _machine() -> str:
    said = subprocess.run(
        [redis_binary(), "--version"], check=False, capture_output=True, text=True
    )
    redis = next((part for part in said.stdout.split() if part.startswith("v=")), "v=?")[2:]
    packages = ", ".join(f"{each} {importlib.metadata.version(each)}" for each in _PACKAGES)
    return (
        f"{os.cpu_count()} cores ({platform.machine()}, {platform.system()}), "
        f"Python {platform.python_version()}, redis-server {redis}, {packages}"
    )


_PAGE = """# Reliability

Written by `make chaos`, which breaks real programs (redis-server, gunicorn, the processes of the
worker) and has WeChat and the model server lie. The judge is what followers read.

**{faults} kinds of faults, {messages} accepted messages: {lost} lost, {doubled} answered twice.**
Of {broken} sends that something broke, {unknown} ended as unknown.

- **Lost**: accepted messages without an outcome. **Doubled**: followers who read an answer twice.
- **Unknown**: broken off inside the send, so that nobody knows whether it arrived. It is not sent
  again; it heads the reply to the follower's next message, marked as perhaps a repeat. There are
  never more of these than **broken** sends: replies that were claimed, and had no outcome, when
  something was killed or fell silent.
- **Waited**: seconds until the last follower had something to read. A message that finds Redis away
  or its disk full is not accepted: its follower is asked at once to send it again, and it is not
  counted here. Nor is what Redis held when all of it was deleted: nobody else knows of that.

{table}

![Outcomes by fault](images/reliability.svg)

## How long until all is well again

{recoveries}

A process that is killed is seen by its parent, which gives its jobs back at once. A host that
vanishes is missed when its heartbeats have run out, after 12 s.

## Many at once

{figures}

WeChat, the model server and the judge ran on the same machine, so these are what it can do at
least; nothing is asserted of them.

## Beside this

`make test` plays thirty short plays on the code between the webhook and the send
(tests/worker/test_outcomes.py), `make chaos` some hundreds: Hypothesis has two workers, their
upkeep and WeChat's deliveries take turns at every trip to Redis, kills them between any two of
these, lets trips fail whose effect is there, and changes the moods of WeChat and of the model. In
the end each message must have exactly one outcome, replies must have come in order and with their
right numbers, and a claim without an outcome must never have led to a second send.

## How to run it

    make chaos                      # a quarter of an hour
    SOAK=3600 SEED=7 make chaos     # with an hour of random faults, others than usual

This page: a soak of {soak} s with seed {seed}, on {machine}. The test of a full disk mounts one,
which only root may; it is left out otherwise.
"""


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw the share of each outcome for each fault."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "kantu"
    figure, axes = plt.subplots(figsize=(9, 0.32 * len(rows) + 1.2), layout="constrained")
    names = [row.fault for row in rows]
    left = [0.0] * len(rows)
    for outcome, colour in zip(OUTCOMES, _COLOURS, strict=True):
        shares = [row.outcomes[outcome] / max(row.messages, 1) for row in rows]
        axes.barh(names, shares, left=left, color=colour, label=outcome)
        left = [sum(pair) for pair in zip(left, shares, strict=True)]
    axes.margins(y=0.01)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of accepted messages")
    axes.legend(ncols=len(OUTCOMES), loc="lower center", bbox_to_anchor=(0.3, 1.0), frameon=False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
