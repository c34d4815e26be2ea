"""`python -m bench.peers`: our model server beside other people's, with the same models."""

from __future__ import annotations

import functools
import importlib.metadata
import sys
from collections.abc import Sequence

from bench import command
from bench.harness import ROUNDS, Contestant, Race, Spread, race
from bench.machine import machine
from bench.peers.lineup import MODELS, OURS, PEERS, Cell, Model, Peer
from bench.peers.trial import Trial, is_ours, trial
from bench.report import Aim, Column, Report, at_least
from launch.supervisor import say

_COLUMNS = (
    Column(metric="one", title="1 client: p50 ms", digits=1, ranged=True),
    Column(metric="eight", title="8 clients: pictures/s", digits=1, ranged=True),
    Column(metric="crowd", title="32 clients", digits=1),
    Column(metric="big_one", title="1 MB: 1 client, p50 ms", digits=1),
    Column(metric="big_eight", title="8 clients: pictures/s", digits=1),
    Column(metric="big_crowd", title="32 clients", digits=1),
    Column(metric="cpu", title="CPU ms a picture", digits=1),
    Column(metric="pss", title="PSS MB, all models"),
)
_PICTURED = tuple(
    Column(metric=f"{each.name}_eight", title=f"{each.title}: pictures a second, 8 clients")
    for each in MODELS
)
_PACKAGES = ("tensorflow", "flask", "gunicorn", "grpcio", "orjson")
_WIDE = 1.5  # times the least: rounds that differ by more are no measure of small differences


def main() -> int:
    """Measure, and write bench/results/peers.*; return 0, or 1 where something failed."""
    names = [each.name for each in PEERS]
    chosen = command.parser("bench.peers", contestants=names).parse_args()

    def measure() -> Report:
        with trial([each for each in PEERS if each.name in chosen.only]) as made:
            return _measure(made, chosen.rounds)

    whole = chosen.rounds >= ROUNDS and len(chosen.only) == len(PEERS)
    return command.publish(measure, keep=whole)


def _measure(made: Trial, rounds: int) -> Report:
    peers = list(made.peers)
    contestants = [
        Contestant(
            name=_name(model, peer),
            title=f"{model.title}: {peer.title}",
            run=functools.partial(made.measure, peer, model),
        )
        for model in MODELS
        for peer in peers
    ]
    measured = race(contestants, rounds, say)
    return Report(
        name="peers",
        race=measured,
        contestants=contestants,
        columns=_COLUMNS,
        pictured=_PICTURED,
        aims=aims(measured, peers),
        facts=machine() | _versions(peers) | {"pictures": made.sizes} | _remarks(measured, made),
    )


def _name(model: Model, peer: Peer) -> str:
    return f"{model.name}:{peer.name}"


def _versions(peers: Sequence[Peer]) -> dict[str, str]:
    ours = {name: importlib.metadata.version(name) for name in _PACKAGES}
    return ours | {
        each.package: each.environment.version(each.package) for each in peers if each.environment
    }


def aims(measured: Race, peers: Sequence[Peer]) -> list[Aim]:
    """Return whether ours is the first in each cell, beside the best of the others."""
    others = [each for each in peers if not is_ours(each)]
    if len(others) == len(peers):
        return []
    found = [_first(measured, model, cell, others) for model in MODELS for cell in model.cells]
    return [each for each in found if each is not None]


def _first(measured: Race, model: Model, cell: Cell, others: Sequence[Peer]) -> Aim | None:
    ratios = [(_ratio(measured, model, cell, each), each) for each in others]
    known = [(ratio, each) for ratio, each in ratios if ratio is not None]
    if not known:
        return None
    ratio, best = min(known, key=lambda pair: pair[0].median)
    text = f"{model.title}, {cell.title}: ≥ 1 × the best of the others ({best.title})"
    return at_least(text, ratio, 1)


def _ratio(measured: Race, model: Model, cell: Cell, other: Peer) -> Spread | None:
    """Return how many times as fast ours is as another, round by round."""
    names = (f"{model.name}:{OURS}", _name(model, other))
    if cell.clients == 1:  # milliseconds: less is better
        names = names[::-1]
    return measured.ratio(cell.metric, *names)


def _remarks(measured: Race, made: Trial) -> dict[str, str]:
    absent = [f"{title} ({why})" for title, why in made.absent.items()]
    remarks = {"not measured": "; ".join(absent)} if absent else {}
    widest = max(filter(None, (_width(measured, model) for model in MODELS)), default=1.0)
    if widest > _WIDE:
        remarks["the machine"] = (
            f"was busy: ours alone differed by {widest:.1f} × between rounds, "
            "so smaller differences than that say nothing unless every round agrees"
        )
    return remarks


def _width(measured: Race, model: Model) -> float | None:
    found = measured.spread(f"{model.name}:{OURS}", "eight")
    return None if found is None else found.high / found.low


if __name__ == "__main__":
    sys.exit(main())
