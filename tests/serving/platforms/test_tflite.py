"""serving.platforms.tflite: model.tflite beside, or instead of, a SavedModel."""

from __future__ import annotations

import concurrent.futures
from pathlib import Path

import numpy as np
import pytest

import tests.models
from examples.tflite import train
from serving.errors import InvalidArgument
from serving.flags import Flags
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.loading import Loader
from serving.platforms.tflite import TFLiteModel
from serving.protocol.json_tensor import Array
from serving.protocol.signature import TensorInfo
from tests.serving.platforms.conftest import FLOWERS, close_to, load, serve

PREFER = Flags(prefer_tflite_model=True, num_tflite_pools=2)


@pytest.fixture(scope="module")
def lite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lite") / "1"
    tests.models.lite(folder)
    return folder


def floats(*numbers: float) -> dict[str, Array]:
    return {"x": np.array(numbers, np.float32)}


@pytest.mark.parametrize(("flags", "result"), [(PREFER, 2), (Flags(), 101)])
def test_flag_chooses_the_file(lite: Path, flags: Flags, result: float) -> None:
    model = Loader(flags)(ModelConfig(name="m", base_path=lite.parent), lite)
    assert model.run("serving_default", floats(1))["y"].tolist() == [result]


def test_model_without_a_tflite_file_is_served_as_it_is(models: dict[str, Path]) -> None:
    base = models["half_plus_two"]
    model = Loader(PREFER)(ModelConfig(name="m", base_path=base), base / "1")
    assert model.run("serving_default", floats(1))["y"].tolist() == [2.5]


@pytest.fixture(scope="module")
def flowers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    train.main(folder / "iris")
    return folder


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_all_three_answer_alike_without_a_flag(flowers: Path) -> None:
    rows = {"flower": FLOWERS.astype(np.float32)}
    with serve(flowers) as (server, _):
        rest, asked = server.predict("iris", rows), server.grpc("iris", rows)
        (simple,) = server.simple("iris", rows["flower"].tolist()).values()
    (output,) = asked.values()
    assert output.argmax(1).tolist() == [0, 1, 2]
    assert close_to(rest, output)
    assert close_to(simple, output)


def test_platform_may_be_said(lite: Path) -> None:
    served = load(lite.parent, platform="tflite")  # there is a SavedModel, too, which adds 100
    assert served.run("serving_default", floats(1))["y"].tolist() == [2]


def test_signature_and_outputs(lite: Path) -> None:
    model = TFLiteModel(lite / "model.tflite", interpreters=1)
    signature = model.signatures["serving_default"]
    assert signature.inputs["x"] == TensorInfo(
        name="serving_default_x:0", dtype="DT_FLOAT", shape=(-1,)
    )
    assert list(signature.outputs) == ["y", "z"]
    assert list(model.run("serving_default", floats(1), ["z"])) == ["z"]


def test_batches_of_any_size_from_many_threads(lite: Path) -> None:
    model = TFLiteModel(lite / "model.tflite", interpreters=2)

    def ask(size: int) -> bool:
        given = np.arange(size, dtype=np.float32)
        answer = model.run("serving_default", {"x": given})["y"]
        return np.array_equal(answer, given + 1)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, [1, 5, 2, 30] * 25))


def test_wrong_type_is_the_clients_mistake(lite: Path) -> None:
    model = TFLiteModel(lite / "model.tflite", interpreters=1)
    with pytest.raises(InvalidArgument, match="input x: expected DT_FLOAT, found DT_INT32"):
        model.run("serving_default", {"x": np.array([1], np.int32)})
    assert model.run("serving_default", floats(1))["y"].tolist() == [2]


def test_wrong_shape_is_the_clients_mistake(flowers: Path) -> None:
    model = TFLiteModel(flowers / "iris" / "1" / "model.tflite", interpreters=1)
    rows = FLOWERS.astype(np.float32)
    wrong = r"input flower: expected shape \[-1, 4\], found \[3, 2\]"
    with pytest.raises(InvalidArgument, match=wrong):
        model.run("serving_default", {"flower": rows[:, :2]})
    (output,) = model.run("serving_default", {"flower": rows}).values()
    assert output.argmax(1).tolist() == [0, 1, 2]


def test_file_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"nothing of the kind")
    with pytest.raises(InvalidArgument, match="not a TFLite model that can be served"):
        TFLiteModel(tmp_path / "model.tflite", interpreters=1)
