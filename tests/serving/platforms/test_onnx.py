"""serving.platforms.onnx: ONNX Runtime, and what the retired frameworks become."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from examples.onnx import train
from serving.errors import FailedPrecondition, Internal, InvalidArgument
from tests.serving.platforms.conftest import FLOWERS, SPECIES, Server, close_to, load, serve

ROWS = {"X": FLOWERS.astype(np.float32)}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    train.main(folder / "iris")
    train.main(folder / "zipped", zipmap=True)
    return folder


@pytest.fixture(scope="module")
def server(models: Path) -> Iterator[Server]:
    with serve(models) as (found, _):
        yield found


def test_all_three_answer_alike(server: Server) -> None:
    rest, simple = server.predict("iris", ROWS), server.simple("iris", ROWS["X"].tolist())
    asked = server.grpc("iris", ROWS)
    assert asked["label"].tolist() == SPECIES
    assert rest["label"] == simple["label"] == [each.decode() for each in SPECIES]
    assert close_to(rest["probabilities"], asked["probabilities"])
    assert close_to(simple["probabilities"], asked["probabilities"])


def test_a_dictionary_for_each_row_becomes_columns(server: Server) -> None:
    zipped, plain = (server.grpc(each, ROWS) for each in ("zipped", "iris"))
    assert close_to(zipped["output_probability"], plain["probabilities"])


def test_metadata_says_what_it_takes_and_gives(server: Server) -> None:
    signature = server.metadata("iris")["serving_default"]
    sizes = [each["size"] for each in signature["inputs"]["X"]["tensor_shape"]["dim"]]
    assert (signature["inputs"]["X"]["dtype"], sizes) == ("DT_FLOAT", ["-1", "4"])
    assert signature["outputs"]["label"]["dtype"] == "DT_STRING"


def test_only_what_is_asked_for(models: Path) -> None:
    assert list(load(models / "iris").run("serving_default", ROWS, ["label"])) == ["label"]


def test_many_threads_get_their_own_answers(models: Path) -> None:
    served = load(models / "iris")
    rows = [np.roll(ROWS["X"], shift, axis=0) for shift in range(30)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda each: served.run("serving_default", {"X": each})["label"], rows)
        assert [each.tolist() for each in found] == [
            np.roll(np.array(SPECIES), shift).tolist() for shift in range(30)
        ]


def build(folder: Path, nodes: list[Any], inputs: list[Any], outputs: list[Any]) -> Path:
    """Write a model of these parts as version 1 of the folder; return the folder."""
    graph = helper.make_graph(nodes, "g", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    (folder / "1").mkdir()
    onnx.save(model, folder / "1" / "model.onnx")
    return folder


def value(name: str, kind: int, shape: list[Any] | None) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (TensorProto.STRING, "DT_STRING"), (TensorProto.INT64, "DT_INT64"),
        (TensorProto.BOOL, "DT_BOOL"), (TensorProto.FLOAT16, "DT_HALF"),
        (TensorProto.UINT8, "DT_UINT8"), (TensorProto.DOUBLE, "DT_DOUBLE"),
    ],
)  # fmt: skip
def test_types(tmp_path: Path, kind: int, name: str) -> None:
    copy = helper.make_node("Identity", ["x"], ["y"])
    served = load(build(tmp_path, [copy], [value("x", kind, ["n"])], [value("y", kind, ["n"])]))
    dtype = np.object_ if name == "DT_STRING" else helper.tensor_dtype_to_np_dtype(kind)
    given = np.array(["猫".encode(), b""], np.object_) if name == "DT_STRING" else np.eye(2)[0]
    answer = served.run("serving_default", {"x": given.astype(dtype)})["y"]
    assert served.signatures["serving_default"].inputs["x"].dtype == name
    assert answer.tolist() == given.astype(dtype).tolist()


def test_type_that_nobody_could_send(tmp_path: Path) -> None:
    copy = helper.make_node("Identity", ["x"], ["y"])
    infos = [value(each, TensorProto.COMPLEX64, [1]) for each in "xy"]
    with pytest.raises(InvalidArgument, match=r"not an ONNX model|which no client could send"):
        load(build(tmp_path, [copy], infos[:1], infos[1:]))


def test_shape_that_is_not_known(tmp_path: Path) -> None:
    copy = helper.make_node("Identity", ["x"], ["y"])
    infos = [value(each, TensorProto.FLOAT, None) for each in "xy"]
    served = load(build(tmp_path, [copy], infos[:1], infos[1:]))
    assert served.signatures["serving_default"].inputs["x"].shape is None
    assert served.run("serving_default", {"x": np.ones((2, 1), np.float32)})["y"].shape == (2, 1)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (FLOWERS[:, :3].astype(np.float32), "Got: 3 Expected: 4"),
        (FLOWERS[0].astype(np.float32), "Got: 1 Expected: 2"),
        (FLOWERS, "expected DT_FLOAT, found DT_DOUBLE"),
    ],
    ids=["narrow", "flat", "double"],
)
def test_rows_that_it_cannot_take(models: Path, rows: Any, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        load(models / "iris").run("serving_default", {"X": rows})


def test_failure_of_the_model_itself(tmp_path: Path) -> None:
    reshape = helper.make_node("Reshape", ["x", "shape"], ["y"])
    inputs = [value("x", TensorProto.FLOAT, ["n"]), value("shape", TensorProto.INT64, [2])]
    served = load(build(tmp_path, [reshape], inputs, [value("y", TensorProto.FLOAT, None)]))
    with pytest.raises(Internal, match="Reshape"):
        served.run("serving_default", {"x": np.ones(5, np.float32), "shape": np.array([2, 2])})


def test_file_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "model.onnx").write_bytes(b"nothing of the kind")
    with pytest.raises(InvalidArgument, match="not an ONNX model that can be served") as caught:
        load(tmp_path)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("alias", ["pytorch_onnx", "mxnet", "caffe2", "cntk"])
def test_names_of_other_frameworks_mean_their_onnx(models: Path, alias: str) -> None:
    served = load(models / "iris", platform=alias)
    assert served.run("serving_default", ROWS)["label"].tolist() == SPECIES


@pytest.mark.parametrize(
    ("platform", "name", "words"),
    [
        ("mxnet", "mx_mlp-symbol.json", "mxnet.onnx.export_model"),
        ("mxnet", "mx_mlp-0001.params", "MXNet is retired"),
        ("caffe2", "predict_net.pb", "caffe2_net_to_onnx_model"),
        ("cntk", "flowers.model", "format=cntk.ModelFormat.ONNX"),
        ("auto", "init_net.pb", "Caffe2 is retired"),
        ("onnx", "flowers.dnn", "CNTK is retired"),
    ],
)
def test_native_files_of_retired_frameworks(
    tmp_path: Path, platform: str, name: str, words: str
) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / name).write_bytes(b"...")
    with pytest.raises(FailedPrecondition, match=words) as caught:
        load(tmp_path, platform=platform)
    assert "docs/platforms.md#retired-frameworks" in str(caught.value)
