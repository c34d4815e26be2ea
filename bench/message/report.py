"""What bench.message found, as tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from bench.harness import Contestant, Race, spread
from bench.machine import machine
from bench.message import steps
from bench.report import Column, Report, at_least, at_most, table

_RATE = Column(metric="rate", title="pictures/s", digits=1, ranged=True)
_STEPS: Mapping[str, str] = {
    "queue": "in the queue", "fetch": "WeChat: download", "prepare": "decode, turn, shrink",
    "model": "model", "turn": "waits for its turn", "send": "WeChat: send",
    "ours": "all but media, model and WeChat", "whole": "the whole",
}  # fmt: skip
_OURS, _CEILING = 15, 0.9  # ms; share


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Everything that was measured."""

    race: Race
    steps: Sequence[Sequence[Mapping[str, float]]]  # of each round's messages, ms
    before: Mapping[str, float]  # program -> PSS, MB
    after: Mapping[str, float]

    def report(self, contestants: Sequence[Contestant]) -> Report:
        """Return it all, to be written."""
        ratio = self.race.ratio("rate", "kantu", "ceiling")
        rounds = [steps.percentiles([each["ours"] for each in some])[0] for some in self.steps]
        ours = spread(rounds)
        aims = [
            at_most(f"our own part, one at a time: p50 ≤ {_OURS} ms", ours, _OURS, digits=1),
            at_least(f"sustained: ≥ {_CEILING} × the model server alone", ratio, _CEILING),
        ]
        return Report(
            name="message", race=self.race, contestants=contestants, columns=(_RATE,),
            pictured=(_RATE,), aims=aims, facts=machine(), notes=(self._steps(), self._memory()),
        )  # fmt: skip

    def _steps(self) -> str:
        every = [each for some in self.steps for each in some]
        rows = [
            [title, *(f"{value:.1f}" for value in steps.percentiles(values))]
            for name, title in _STEPS.items()
            if len(values := [each[name] for each in every if name in each]) > 1
        ]
        return table([f"ms, {len(every)} pictures one at a time", "p50", "p95", "p99"], rows)

    def _memory(self) -> str:
        rows = [
            [name, f"{self.before[name]:.0f}", f"{self.after[name]:.0f}"] for name in self.before
        ]
        return table(["PSS, MB", "after the warm-up", "at the end"], rows)
