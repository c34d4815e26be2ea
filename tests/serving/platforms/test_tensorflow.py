"""serving.platforms.tensorflow and serving.lifecycle.loading, with real SavedModels."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tests.models
from serving.errors import DataLoss, InvalidArgument, NotFound
from serving.flags import Flags
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.loading import Loader
from serving.platforms.tensorflow import Options, SavedModel

X = {"x": np.array([1.0, 2.0], np.float32)}


@pytest.fixture(scope="module")
def adder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("adder") / "1"
    tests.models.adder(folder, 3)
    return folder


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graphs") / "1"
    tests.models.graphs(folder, small=1, large=1000)
    return folder


def config(path: Path) -> ModelConfig:
    return ModelConfig(name="m", base_path=path.parent)


def test_outputs_that_are_asked_for(adder: Path) -> None:
    model = SavedModel(adder)
    assert list(model.run("serving_default", X)) == ["y", "z"]
    only = model.run("serving_default", X, ["z"])
    assert list(only) == ["z"]
    assert only["z"].tolist() == [8, 10]
    assert list(model.run("serving_default", X, ["z", "y"])) == ["z", "y"]


def test_closed_model_frees_its_session(adder: Path) -> None:
    model = SavedModel(adder)
    model.close()
    with pytest.raises(RuntimeError, match="closed"):
        model._session.run([])


def test_unloaded_model_leaves_nothing_behind(adder: Path) -> None:
    catalogue = Catalogue(Loader(Flags()))
    catalogue.apply([ModelConfig(name="m", base_path=adder.parent)])
    with catalogue.use("m") as served:
        served.servable.run("serving_default", X)
        graph = weakref.ref(served.servable.servable._session.graph)  # type: ignore[attr-defined]
    del served
    assert graph() is not None
    catalogue.apply([])
    assert graph() is None


def test_wrong_type_is_told_as_tensorflow_tells_it(adder: Path) -> None:
    model = SavedModel(adder)
    with pytest.raises(InvalidArgument, match=r"Expects arg\[0\] to be float but int64 is"):
        model.run("serving_default", {"x": np.array([1])})


@pytest.mark.parametrize(("tag", "result"), [("small", 2), ("large", 1001)])
def test_metagraph_by_its_tags(graphs: Path, tag: str, result: float) -> None:
    model = SavedModel(graphs, Options(tags=("serve", tag)))
    assert model.run("serving_default", X)["y"][0] == result


def test_tags_that_no_metagraph_has(graphs: Path) -> None:
    with pytest.raises(
        NotFound, match=r"Could not find meta graph def matching supplied tags: \{ serve \}"
    ):
        SavedModel(graphs)


def test_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"Could not find SavedModel \.pb or \.pbtxt at supplied"):
        SavedModel(tmp_path)


def test_file_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\xff" * 100)
    with pytest.raises(DataLoss, match=r"^Can't parse .*saved_model\.pb as binary proto$"):
        SavedModel(tmp_path)


def test_variables_that_are_cut_off_are_told_in_the_graph_s_words(tmp_path: Path) -> None:
    tests.models.half_plus_two(tmp_path / "1")
    for path in (tmp_path / "1" / "variables").iterdir():
        path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(DataLoss, match=r"^file is too short to be an sstable"):
        SavedModel(tmp_path / "1")  # without what Python's session puts before it


def test_error_of_a_call_names_no_folder(tmp_path: Path) -> None:
    import tensorflow as tf

    def read(name: Any) -> dict[str, Any]:
        return {"content": tf.io.read_file("/etc/kantu/secrets/" + name)}

    specs = [tf.TensorSpec([], tf.string, name="name")]
    tests.models.save(tmp_path / "1", serving_default=(read, specs))
    with pytest.raises(NotFound, match=r"^…/none; No such file or directory"):
        SavedModel(tmp_path / "1").run("serving_default", {"name": np.array(b"none", object)})


def test_gpu_that_is_not_there(tmp_path: Path) -> None:
    tests.models.graphs(tmp_path / "1", device="/device:GPU:7", gpu=1)
    with pytest.raises(InvalidArgument, match="Cannot assign a device for operation y"):
        SavedModel(tmp_path / "1", Options(tags=("serve", "gpu")))


def test_flags_reach_the_session(graphs: Path, tmp_path: Path) -> None:
    session = tmp_path / "session.config"
    session.write_text("inter_op_parallelism_threads: 1 log_device_placement: false")
    flags = Flags(
        saved_model_tags="serve,large",
        tensorflow_session_config_file=session,
        tensorflow_intra_op_parallelism=1,
        per_process_gpu_memory_fraction=0.5,
    )
    model = Loader(flags)(config(graphs), graphs)
    assert model.run("serving_default", X)["y"][0] == 1001
    used = model.servable._session._config  # type: ignore[attr-defined]
    assert (used.inter_op_parallelism_threads, used.intra_op_parallelism_threads) == (1, 1)
    assert used.gpu_options.per_process_gpu_memory_fraction == 0.5


def test_library_that_is_none_is_told_and_models_are_served(
    adder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "zero_out.so").write_bytes(b"not a library")
    model = Loader(Flags(custom_op_paths=f"{tmp_path},/nowhere.so"))(config(adder), adder)
    assert model.run("serving_default", X)["y"].tolist() == [4, 5]
    told = [record.message for record in caplog.records]
    assert [text.split(" not loaded")[0] for text in told] == [
        f"operations of {tmp_path}/zero_out.so",
        "operations of /nowhere.so",
    ]
