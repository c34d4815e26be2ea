"""serving.lifecycle.warmup: requests of every kind are replayed before a version is available."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from serving.errors import DataLoss, InvalidArgument, ServingError
from serving.flags import Flags
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.loading import Loader
from serving.lifecycle.warmup import records, warm_up
from serving.platforms.tensorflow import SavedModel
from serving.protocol import tensor
from serving.protocol.json_tensor import Array
from serving.protocol.prediction_log_pb2 import PredictionLog
from serving.protocol.signature import Signature


class Counting:
    """A model that counts what it is asked."""

    def __init__(self, inner: SavedModel) -> None:
        self.inner = inner
        self.calls: list[str] = []

    @property
    def signatures(self) -> dict[str, Signature]:
        return dict(self.inner.signatures)

    def run(
        self,
        signature_name: str,
        inputs: Mapping[str, Array],
        output_filter: Sequence[str] = (),
    ) -> dict[str, Array]:
        self.calls.append(signature_name)
        return self.inner.run(signature_name, inputs, output_filter)

    def close(self) -> None:
        self.inner.close()


def write(version: Path, *logs: PredictionLog | bytes) -> Path:
    path = version / "assets.extra" / "tf_serving_warmup_requests"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        for log in logs:
            record = log if isinstance(log, bytes) else log.SerializeToString()
            file.write(struct.pack("<QI", len(record), 0) + record + b"\0\0\0\0")
    return path


def example(log: PredictionLog, kind: str, signature: str) -> PredictionLog:
    request = getattr(log, kind).request
    request.model_spec.signature_name = signature
    request.input.example_list.examples.append(b"")
    return log


def multi(log: PredictionLog) -> PredictionLog:
    request = log.multi_inference_log.request
    request.input.example_list.examples.append(b"")
    for signature, method in (("serving_default", "classify"), ("regress", "regress")):
        task = request.tasks.add(method_name=f"tensorflow/serving/{method}")
        task.model_spec.name = "m"
        task.model_spec.signature_name = signature
    return log


@pytest.fixture(scope="module")
def examples(models: dict[str, Path]) -> Counting:
    return Counting(SavedModel(models["examples"] / "1"))


@pytest.mark.parametrize(
    ("make", "asked"),
    [
        (lambda log: example(log, "classify_log", ""), ["serving_default"]),
        (lambda log: example(log, "regress_log", "regress"), ["regress"]),
        (multi, ["serving_default", "regress"]),
    ],
)
def test_every_kind_of_request_is_run(
    examples: Counting,
    tmp_path: Path,
    make: Callable[[PredictionLog], PredictionLog],
    asked: list[str],
) -> None:
    write(tmp_path, make(PredictionLog()))
    examples.calls.clear()
    warm_up(examples, tmp_path, 1)
    assert examples.calls == asked


def predict(name: str = "") -> PredictionLog:
    log = PredictionLog()
    log.predict_log.request.model_spec.signature_name = name
    given = tensor.to_proto(np.zeros((1, 1), np.float32))
    log.predict_log.request.inputs["x"].CopyFrom(given)
    return log


@pytest.fixture(scope="module")
def half_plus_two(models: dict[str, Path]) -> SavedModel:
    return SavedModel(models["half_plus_two"] / "1")


@pytest.fixture
def half(half_plus_two: SavedModel) -> Counting:
    """It, and what it is called from now on."""
    return Counting(half_plus_two)


def test_each_request_is_run_as_often_as_wanted(half: Counting, tmp_path: Path) -> None:
    write(tmp_path, predict(), predict("serving_default"))
    warm_up(half, tmp_path, 3)
    assert half.calls == ["serving_default"] * 6


def test_no_file_is_no_warm_up(half: Counting, tmp_path: Path) -> None:
    warm_up(half, tmp_path, 1)
    assert half.calls == []


@pytest.mark.parametrize(
    ("logs", "kind", "message"),
    [
        ([predict("none")], ServingError, "none"),
        ([b"\xff\xff"], InvalidArgument, "Failed to parse warmup record: 0 from "),
        ([predict()] * 1001, InvalidArgument, r"exceeds the maximum \(1000\) at "),
        ([PredictionLog()], ServingError, "Unsupported log_type for warmup"),
    ],
)
def test_request_that_fails_fails_the_version(
    half: Counting,
    tmp_path: Path,
    logs: list[PredictionLog | bytes],
    kind: type[ServingError],
    message: str,
) -> None:
    write(tmp_path, *logs)
    with pytest.raises(kind, match=message):
        warm_up(half, tmp_path, 1)


def test_file_that_ends_early(tmp_path: Path) -> None:
    path = write(tmp_path, b"whole", b"half")
    path.write_bytes(path.read_bytes()[:-5])
    read = records(path)
    assert next(read) == b"whole"
    with pytest.raises(DataLoss, match="truncated record at 21"):
        next(read)
    path.write_bytes(b"\x01")
    with pytest.raises(DataLoss, match="truncated record at 0"):
        next(records(path))


def test_flag_turns_it_off(models: dict[str, Path], tmp_path: Path) -> None:
    version = tmp_path / "1"
    version.mkdir()
    for path in (models["half_plus_two"] / "1").iterdir():
        (version / path.name).symlink_to(path)
    write(version, predict("none"))
    config = ModelConfig(name="m", base_path=tmp_path)
    with pytest.raises(ServingError):
        Loader(Flags())(config, version)
    Loader(Flags(enable_model_warmup=False))(config, version)
