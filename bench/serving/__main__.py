"""`python -m bench.serving`: our model server beside the same models called in one process."""

from __future__ import annotations

import functools
import importlib.metadata
import sys
from collections.abc import Sequence

from bench import command
from bench.harness import ROUNDS, Contestant, Race, race, spread
from bench.machine import machine
from bench.report import Aim, Column, Report, at_least, at_most
from bench.serving.lineup import DIRECT, MODELS, WAYS, Model, Way
from bench.serving.trial import CLIENTS, CROWD, Trial, trial
from launch.supervisor import say

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
    keys = [each.key for each in MODELS]
    chosen = command.parser("bench.serving", contestants=keys).parse_args()
    models = [each for each in MODELS if each.key in chosen.only]

    def measure() -> Report:
        with trial() as made:
            return _measure(made, models, chosen.rounds)

    return command.publish(measure, keep=chosen.rounds >= ROUNDS)


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
        at_most("demo in int8: ≤ 1 point of accuracy lost", spread([lost]), 1),
        *(_over(measured, model, way) for model in MODELS for way in WAYS[:2]),
        *(_share(measured, model, way) for model in MODELS for way in WAYS),
    ]


def _faster(measured: Race, way: str) -> Aim:
    fp32, int8 = MODELS[:2]
    found = measured.ratio("eight", _name(int8, way), _name(fp32, way))
    return at_least(f"ResNet-50 in int8, {way}: ≥ 3 × fp32", found, 3)


def _over(measured: Race, model: Model, way: Way) -> Aim:
    found = measured.spread(_name(model, way.name), "over")
    return at_most(f"{model.title}, {way.name}, 1 client: ≤ 1 ms over a direct call", found, 1)


def _share(measured: Race, model: Model, way: Way) -> Aim:
    found = measured.ratio("eight", _name(model, way.name), _name(model, DIRECT))
    text = f"{model.title}, {way.name}, {CLIENTS} clients: ≥ 0.95 × in one process"
    return at_least(text, found, 0.95)


if __name__ == "__main__":
    sys.exit(main())
