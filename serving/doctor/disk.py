"""Models examined by loading them here, one after another."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from serving.doctor import finding, machine, trial
from serving.doctor.finding import Finding
from serving.flags import Flags
from serving.lifecycle import offer
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.loading import Loader
from serving.lifecycle.offer import Offer
from serving.lifecycle.record import RecordError


def examine(flags: Flags, models: Sequence[ModelConfig]) -> Iterator[Finding]:
    """Give what is found in each model's folder, and what comes of loading it."""
    yield _devices()
    yield machine.memory()
    load = Loader(flags)
    for model in models:
        yield from _model(load, model)


def _devices() -> Finding:
    from serving.platforms.tensorflow import import_tensorflow

    try:
        tf = import_tensorflow()
    except ModuleNotFoundError:  # models of other frameworks do without
        return Finding("TensorFlow is not installed")
    devices = tf.config.list_physical_devices()
    names = ", ".join(device.name.removeprefix("/physical_device:") for device in devices)
    return Finding(f"TensorFlow {tf.__version__}, devices: {names}")


def _model(load: Loader, model: ModelConfig) -> Iterator[Finding]:
    try:
        found = offer.look(model, assign=False)
    except OSError as error:
        yield Finding(f"model {model.name}: {model.base_path}: {error.strerror}", well=False)
        return
    except RecordError as error:
        yield Finding(f"model {model.name}: {error}", well=False)
        return
    chosen = found.chosen()
    words = f"model {model.name}: {model.base_path} has versions: {_listed(found)}"
    yield Finding(words, well=bool(chosen))
    for label, number in {**found.labels, **model.labels}.items():
        well = label not in model.labels or number in chosen  # recorded ones may be of the past
        yield Finding(f"  label {label} is version {number}", well=well)
    for number in chosen:
        yield from _version(load, model, number, found.paths[number])


def _listed(found: Offer) -> str:
    """Return the versions on disk, and what has been decided about them."""
    pinned, offline = found.decisions.pinned, sorted(found.decisions.offline)
    return "; ".join(
        [
            ", ".join(map(str, sorted(found.paths))) or "none",
            *([] if pinned is None else [f"pinned: {pinned}"]),
            *([f"offline: {', '.join(map(str, offline))}"] if offline else []),
        ]
    )


def _version(load: Loader, model: ModelConfig, number: int, path: Path) -> Iterator[Finding]:
    began, held = time.monotonic(), machine.resident()
    try:
        servable = load(model, path)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is told
        yield Finding(f"  version {number} cannot be loaded: {error}", well=False)
        return
    took, more = time.monotonic() - began, machine.resident() - held
    yield Finding(f"  version {number} loaded in {took:.1f} s, {more:.0f} MiB")
    yield from finding.signatures(servable.signatures)
    chosen = trial.choose(servable.signatures, path)
    yield trial.run(chosen, lambda asked: servable.run(asked.signature_name, asked.inputs))
    servable.close()
