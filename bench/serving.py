"""`python -m bench.serving`: our model server beside the same models called in one process."""

from __future__ import annotations

import argparse
import functools
import importlib.metadata
import sys
from collections.abc import Sequence

from bench.harness import ROUNDS, BenchError, Contestant, Race, Spread, race
from bench.machine import machine
from bench.report import Aim, Column, Report
from bench.serving_lineup import DIRECT, MODELS, WAYS, Model, Way
from bench.serving_trial import CLIENTS, CROWD, Trial, trial
from simulator.house import ROOT, HouseError, say

_DOCUMENT = ROOT / "docs" / "performance.md"
_COLUMNS = (
    Column(metric="one", title="1 client: p50 ms", digits=1, ranged=True),
    Column(metric="over", title="over a direct call, ms", digits=2, ranged=True),
    Column(metric="eight", title=f"{CLIENTS} clients: pictures/s", digits=1, ranged=True),
    Column(metric="cpu", title="CPU ms a picture, there", digits=2),
    Column(metric="crowd", title=f"{CROWD} clients", digits=1),
    Column(metric="big", title=f"{CLIENTS} clients, 1 MB", digits=1),
)
_PICTURED = (
    Column(metric="resnet50_eight", title=f"ResNet-50: pictures a second, {CLIENTS} clients"),
    Column(metric="demo_eight", title=f"demo classifier: pictures a second, {CLIENTS} clients"),
)
_PACKAGES = ("tensorflow", "numpy", "gunicorn", "grpcio", "orjson")


def main() -> int:
    """Measure, and write bench/results/serving.*; return 0, or 1 where something failed."""
    chosen = _options()
    models = [each for each in MODELS if each.key in chosen.only]
    try:
        with trial() as made:
            report = _measure(made, models, chosen.rounds)
    except (BenchError, HouseError) as error:
        sys.stderr.write(f"\n✗ {error}\n")
        return 1
    say("\n" + report.markdown())
    if report.aims and chosen.rounds >= ROUNDS:  # less would not be worth keeping
        report.write(_DOCUMENT)
    return 0


def _options() -> argparse.Namespace:
    keys = [each.key for each in MODELS]
    parser = argparse.ArgumentParser(prog="python -m bench.serving")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", nargs="+", choices=keys, default=keys)
    return parser.parse_args()


def _measure(made: Trial, models: Sequence[Model], rounds: int) -> Report:
    contestants = [each for model in models for each in _contestants(made, model)]
    measured = race(contestants, rounds, say)
    versions = {name: importlib.metadata.version(name) for name in _PACKAGES}
    return Report(
        name="serving",
        race=measured,
        contestants=contestants,
        columns=_COLUMNS,
        pictured=_PICTURED,
        aims=_aims(measured, made.accuracy) if len(models) == len(MODELS) else (),
        facts=machine() | versions | {"pictures": made.sizes},
    )


def _contestants(made: Trial, model: Model) -> list[Contestant]:
    """Return the ways to one model, and what there is to gain without a server."""
    ways = [
        Contestant(
            name=_name(model, way.name),
            title=f"{model.title}: {way.title}",
            run=functools.partial(made.serve, model, way),
        )
        for way in WAYS
    ]
    direct = Contestant(
        name=_name(model, DIRECT),
        title=f"{model.title}: in one process",
        run=functools.partial(made.direct, model),
    )
    return [*ways, direct]


def _name(model: Model, way: str) -> str:
    return f"{model.key}:{way}"


def _aims(measured: Race, accuracy: tuple[float, float]) -> list[Aim]:
    lost = 100 * (accuracy[0] - accuracy[1])
    return [
        *(_faster(measured, way) for way in (DIRECT, *(each.name for each in WAYS[:2]))),
        Aim(
            text="demo in int8: ≤ 1 point of accuracy lost",
            found=Spread(median=lost, low=lost, high=lost),
            met=lost <= 1,
        ),
        *(_over(measured, model, way) for model in MODELS for way in WAYS[:2]),
        *(_share(measured, model, way) for model in MODELS for way in WAYS),
    ]


def _faster(measured: Race, way: str) -> Aim:
    fp32, int8 = MODELS[:2]
    found = measured.ratio("eight", _name(int8, way), _name(fp32, way))
    return Aim(text=f"ResNet-50 in int8, {way}: ≥ 3 × fp32", found=found, met=_least(found, 3))


def _over(measured: Race, model: Model, way: Way) -> Aim:
    found = measured.spread(_name(model, way.name), "over")
    text = f"{model.title}, {way.name}, 1 client: ≤ 1 ms over a direct call"
    return Aim(text=text, found=found, met=found is not None and found.median <= 1)


def _share(measured: Race, model: Model, way: Way) -> Aim:
    found = measured.ratio("eight", _name(model, way.name), _name(model, DIRECT))
    text = f"{model.title}, {way.name}, {CLIENTS} clients: ≥ 0.95 × in one process"
    return Aim(text=text, found=found, met=_least(found, 0.95))


def _least(found: Spread | None, limit: float) -> bool:
    return found is not None and found.median >= limit


if __name__ == "__main__":
    sys.exit(main())
