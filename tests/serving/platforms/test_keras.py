"""serving.platforms.keras: whole models, .keras and .h5."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from examples.keras import train
from serving.errors import InvalidArgument, PermissionDenied
from tests.serving.platforms.conftest import FLOWERS, Server, close_to, load, serve

# Keras and h5py of today, with one another.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
ROWS = {"flower": FLOWERS.astype(np.float32)}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    path = train.main(folder / "iris")
    (folder / "older" / "1").mkdir(parents=True)
    keras.saving.load_model(path).save(folder / "older" / "1" / "model.h5")
    return folder


@pytest.fixture(scope="module")
def server(models: Path) -> Iterator[Server]:
    with serve(models) as (found, _):
        yield found


def save(folder: Path, model: Any, name: str = "model.keras") -> Path:
    """Write a model as version 1 of the folder; return the folder."""
    (folder / "1").mkdir()
    model.save(folder / "1" / name)
    return folder


@pytest.mark.parametrize("name", ["iris", "older"])
def test_all_three_answer_as_keras(server: Server, models: Path, name: str) -> None:
    model = keras.saving.load_model(models / "iris" / "1" / "model.keras")
    wanted = model.predict(ROWS["flower"], verbose=0)
    assert wanted.argmax(1).tolist() == [0, 1, 2]
    assert close_to(server.predict(name, ROWS), wanted)
    assert close_to(server.simple(name, ROWS["flower"].tolist())["probabilities"], wanted)
    assert close_to(server.grpc(name, ROWS)["probabilities"], wanted)


def test_metadata_says_what_it_takes_and_gives(server: Server) -> None:
    signature = server.metadata("iris")["serving_default"]
    sizes = [each["size"] for each in signature["inputs"]["flower"]["tensor_shape"]["dim"]]
    assert (signature["inputs"]["flower"]["dtype"], sizes) == ("DT_FLOAT", ["-1", "4"])
    assert list(signature["outputs"]) == ["probabilities"]


@pytest.mark.parametrize("named", [False, True])
def test_several_inputs_and_outputs(tmp_path: Path, named: bool) -> None:
    length, count = keras.Input((2,), name="length"), keras.Input((1,), name="count", dtype="int32")
    total = keras.layers.Rescaling(1.0, name="total")(keras.ops.sum(length, axis=1))
    twice = keras.layers.Rescaling(2.0, name="twice")(count)
    inputs = {"length": length, "count": count} if named else [length, count]
    outputs = {"a": total, "b": twice} if named else [total, twice]
    served = load(save(tmp_path, keras.Model(inputs, outputs)))
    given = {"length": np.ones((3, 2), np.float32), "count": np.array([[1], [2], [3]], np.int32)}
    first, second = served.signatures["serving_default"].outputs
    assert [first, second] == (["a", "b"] if named else ["total", "twice"])
    assert served.run("serving_default", given)[first].tolist() == [2, 2, 2]
    assert served.run("serving_default", given, [second])[second].ravel().tolist() == [2, 4, 6]


def test_strings(tmp_path: Path) -> None:
    lookup = keras.layers.StringLookup(vocabulary=["猫", "狗"], name="number")
    model = keras.Sequential([keras.Input((1,), dtype="string", name="word"), lookup])
    served = load(save(tmp_path, model))
    given = {"word": np.array([["狗".encode()], [b"?"]], np.object_)}
    assert served.run("serving_default", given)["number"].tolist() == [[2], [0]]


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_lambda_layer_needs_consent(tmp_path: Path, ending: str) -> None:
    layer = keras.layers.Lambda(lambda x: x + 1, name="more")
    save(tmp_path, keras.Sequential([keras.Input((1,), name="x"), layer]), f"model{ending}")
    with pytest.raises(PermissionDenied, match="has a Lambda layer, which is code in Python"):
        load(tmp_path)
    served = load(tmp_path, allow_models_that_run_code=True)
    given = {"x": np.ones((1, 1), np.float32)}
    assert served.run("serving_default", given)["more"].tolist() == [[2]]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (FLOWERS[:, :3].astype(np.float32), r"expected shape \[-1, 4\], found \[3, 3\]"),
        (FLOWERS, "expected DT_FLOAT, found DT_DOUBLE"),
    ],
    ids=["narrow", "double"],
)
def test_rows_that_it_cannot_take(models: Path, rows: Any, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        load(models / "iris").run("serving_default", {"flower": rows})


@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
def test_file_that_is_no_model(tmp_path: Path, name: str) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / name).write_bytes(b"nothing of the kind")
    with pytest.raises(InvalidArgument, match="not a model of Keras that can be served"):
        load(tmp_path)


def test_weights_alone_are_no_model(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.save_weights(tmp_path / "1" / "model.weights.h5")
    with pytest.raises(InvalidArgument, match="No model config found"):
        load(tmp_path)


class _Unbuilt(keras.Model):  # type: ignore[misc]  # mypy reads no Keras
    def call(self, inputs: Any) -> Any:
        return inputs


@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built")
def test_model_that_does_not_say_what_it_takes(tmp_path: Path) -> None:
    keras.saving.register_keras_serializable("tests")(_Unbuilt)
    with pytest.raises(InvalidArgument, match="does not say what it takes"):
        load(save(tmp_path, _Unbuilt()))
