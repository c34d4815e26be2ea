"""docs/reliability.md: what was broken, and what became of the messages."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs"
OUTCOMES = ("sent", "apologised", "parked", "dropped", "unknown")
_COLOURS = ("#07a24a", "#e0a000", "#4a7bd0", "#888888", "#d04040")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One fault and its messages."""

    fault: str
    outcomes: collections.Counter[str]  # "none": not accounted for
    doubled: int  # followers who read one answer twice
    seconds: float  # that the last of them waited for something to read

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
    lines = [
        f"| {row.fault} | {row.messages:,} | "
        + " | ".join(f"{row.outcomes[each] or ''}" for each in OUTCOMES)
        + f" | {row.outcomes['none']} | {row.doubled} | {row.seconds:.1f} |"
        for row in rows
    ]
    total = Row(
        fault="**all**",
        outcomes=sum((row.outcomes for row in rows), collections.Counter()),
        doubled=sum(row.doubled for row in rows),
        seconds=max(row.seconds for row in rows),
    )
    counts = " | ".join(f"{total.outcomes[each]:,}" for each in OUTCOMES)
    lines.append(
        f"| {total.fault} | {total.messages:,} | {counts} | {total.outcomes['none']} "
        f"| {total.doubled} | {total.seconds:.1f} |"
    )
    return _PAGE.format(table="\n".join(lines))


_PAGE = """# Reliability

Written by `make chaos`, which breaks real programs (redis-server, gunicorn, the processes of the
worker) and has WeChat and the model server lie. The judge is what followers read.

- **Lost**: accepted messages without an outcome. **Doubled**: followers who read an answer twice.
- **Unknown**: broken off inside the send, so that nobody knows whether it arrived. It is not sent
  again; it heads the reply to the follower's next message, marked as perhaps a repeat.
- **Waited**: seconds until the last follower had something to read. A message that finds Redis away
  is not accepted: its follower is asked at once to send it again, and it is not counted here.

| fault | messages | sent | apologised | parked | dropped | unknown | lost | doubled | waited |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
{table}

![Outcomes by fault](images/reliability.svg)
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
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of accepted messages")
    axes.legend(ncols=len(OUTCOMES), loc="lower center", bbox_to_anchor=(0.3, 1.0), frameon=False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
