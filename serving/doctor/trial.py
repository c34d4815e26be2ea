"""A request to try a model with: the first of its warm-up, or one of zeros and empty strings."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from serving.doctor.finding import Finding
from serving.errors import ServingError
from serving.lifecycle.warmup import logs
from serving.protocol import tensor
from serving.protocol.json_tensor import Array
from serving.protocol.signature import DEFAULT, NUMPY_TYPES, Signature

_TIMES = 5  # of which the median counts


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is asked, and where it comes from."""

    signature_name: str
    inputs: Mapping[str, Array]
    source: str
    made_up: bool  # a model may well refuse it


def choose(signatures: Mapping[str, Signature], version: Path) -> Trial | None:
    """Return a request for the model in that folder; None where none can be made up."""
    return _of_warmup(version) or of_zeros(signatures)


def _of_warmup(version: Path) -> Trial | None:
    try:
        for log in logs(version):
            if log.WhichOneof("log_type") == "predict_log":
                request = log.predict_log.request
                return Trial(
                    signature_name=request.model_spec.signature_name or DEFAULT,
                    inputs={name: tensor.to_array(each) for name, each in request.inputs.items()},
                    source="of its warm-up",
                    made_up=False,
                )
    except (OSError, ServingError):
        pass  # a version that is damaged like this is not available anyway
    return None


def of_zeros(signatures: Mapping[str, Signature]) -> Trial | None:
    """Return one of zeros and empty strings for the default signature, or the first that can be."""
    for name, each in sorted(signatures.items(), key=lambda item: item[0] != DEFAULT):
        if each.inputs and all(info.dtype in NUMPY_TYPES for info in each.inputs.values()):
            inputs = {key: _zeros(info.dtype, info.shape) for key, info in each.inputs.items()}
            return Trial(signature_name=name, inputs=inputs, source="of zeros", made_up=True)
    return None


def _zeros(dtype: str, shape: tuple[int, ...] | None) -> Array:
    sizes = (1,) if shape is None else tuple(max(1, size) for size in shape)
    kind = NUMPY_TYPES[dtype]
    return np.full(sizes, b"", object) if kind is np.object_ else np.zeros(sizes, kind)


def run(trial: Trial | None, ask: Callable[[Trial], object]) -> Finding:
    """Return how long a request takes, or why it is not answered."""
    if trial is None:
        return Finding("    no test request: the signatures take types that cannot be made up")
    words = f"    test request {trial.signature_name} {trial.source}"
    try:
        times = [_time(ask, trial) for _ in range(_TIMES)]
    except ServingError as error:
        return Finding(f"{words}: {error.code}: {error}", well=trial.made_up)
    return Finding(f"{words}: {1000 * statistics.median(times):.1f} ms")


def _time(ask: Callable[[Trial], object], trial: Trial) -> float:
    began = time.perf_counter()
    ask(trial)
    return time.perf_counter() - began
