"""A real server with models of many frameworks, and one where TensorFlow is not installed."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import requests

import examples.onnx.train
import examples.pmml.train
import examples.scikitlearn.train
import examples.xgboost.train
from launch.supervisor import Program, free_port
from serving.flags import Flags
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.labels import Allowed
from serving.lifecycle.loading import Loader
from tests.conftest import until
from tests.serving.platforms.conftest import FLOWERS, SPECIES, Server, close_to, columns

SKLEARN = {"inputs": FLOWERS}
ONNX = {"X": FLOWERS.astype(np.float32)}

# The program, as it would be where TensorFlow and Keras are not installed.
_WITHOUT = """
import runpy, sys
sys.modules.update(dict.fromkeys(("tensorflow", "keras")))
sys.argv[0] = "serving"
runpy.run_module("serving", run_name="__main__", alter_sys=True)
"""
BROKEN = ("pickled", "wrong", "corrupt", "native", "extra")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for name, example in (
        ("sklearn", examples.scikitlearn.train), ("onnx", examples.onnx.train),
        ("xgboost", examples.xgboost.train), ("pmml", examples.pmml.train),
    ):  # fmt: skip
        example.main(folder / name)
    for name in BROKEN:
        (folder / name / "1").mkdir(parents=True)
    (folder / "pickled" / "1" / "model.pkl").write_bytes(b"\x80\x04N.")
    shutil.copy(folder / "onnx" / "1" / "model.onnx", folder / "wrong" / "1")
    (folder / "corrupt" / "1" / "model.skops").write_bytes(b"PK\x03\x04 cut off")
    (folder / "native" / "1" / "mlp-symbol.json").write_text("{}")
    (folder / "extra" / "1" / "model.keras").write_bytes(b"")
    return folder


def configured(models: Path) -> Path:
    """Write the config in Simple TensorFlow Serving's format; return where."""
    said = {"sklearn": "scikitlearn", "onnx": "pytorch_onnx", "wrong": "xgboost", "native": "mxnet"}
    entries = [
        {"name": each.name, "base_path": str(each), "platform": said.get(each.name, "auto")}
        for each in sorted(models.iterdir())
        if each.is_dir()
    ]
    path = models / "models.json"
    path.write_text(json.dumps({"model_config_list": entries}))
    return path


@pytest.fixture(scope="module")
def server(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    port, rest_port = free_port(), free_port()
    (folder / "batching").write_text(
        "max_batch_size { value: 8 } batch_timeout_micros { value: 0 }"
    )
    (folder / "monitoring").write_text('prometheus_config { enable: true path: "/metrics" }')
    url = f"http://127.0.0.1:{rest_port}"
    program = Program(
        name="serving",
        command=[
            sys.executable, "-c", _WITHOUT,
            f"--port={port}", f"--rest_api_port={rest_port}", "--rest_api_host=127.0.0.1",
            f"--model_config_file={configured(models)}", "--max_num_load_retries=0",
            "--file_system_poll_wait_seconds=0.1", "--enable_batching",
            f"--batching_parameters_file={folder / 'batching'}",
            f"--monitoring_config_file={folder / 'monitoring'}",
        ],
        environment={},
        ready=lambda: _answers(url),
        log=folder / "log",
    )  # fmt: skip
    program.start()
    try:
        until(lambda: program.ready() or program.died())
        assert not program.died(), program.last_words()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield Server(url=url, channel=channel)
    finally:
        program.end()


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/v1/models/sklearn", timeout=1).ok
    except requests.RequestException:
        return False


@pytest.mark.parametrize(
    ("name", "inputs", "output"),
    [
        ("sklearn", SKLEARN, "predict_proba"), ("onnx", ONNX, "probabilities"),
        ("xgboost", {"inputs": FLOWERS}, "result"), ("pmml", columns(), "predict_proba"),
    ],
)  # fmt: skip
def test_without_tensorflow_all_protocols_answer(
    server: Server, name: str, inputs: Any, output: str
) -> None:
    asked = server.grpc(name, inputs)[output]
    data = {key: each.tolist() for key, each in inputs.items()}
    assert asked.argmax(1).tolist() == [0, 1, 2]
    assert close_to(server.predict(name, inputs)[output], asked)
    assert close_to(server.simple(name, data)[output], asked)


def test_rows_are_put_together_and_counted(server: Server) -> None:
    body = {"instances": FLOWERS.tolist(), "signature_name": "predict"}
    answer = requests.post(f"{server.url}/v1/models/sklearn:predict", json=body, timeout=10)
    page = requests.get(f"{server.url}/metrics", timeout=10).text
    wanted = 'request_count{model_name="sklearn",status="OK"}'
    assert answer.json() == {"predictions": [each.decode() for each in SPECIES]}
    assert wanted in page.replace('"sklearn", ', '"sklearn",')
    assert "batching_session" in page


def test_new_version_takes_over_while_it_is_asked(server: Server, models: Path) -> None:
    examples.scikitlearn.train.main(models / "coming", 2)
    (models / "coming" / "2").rename(models / "sklearn" / "2")
    until(lambda: server.status("sklearn")[0][:2] == ("2", "AVAILABLE"))
    # That config serves every version, as Simple TensorFlow Serving does.
    assert server.status("sklearn")[1][:2] == ("1", "AVAILABLE")
    assert server.grpc("sklearn", SKLEARN)["predict"].tolist() == SPECIES


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pickled", "model.pkl is a pickle, so it could run any code here"),
        ("wrong", "no model of platform xgboost"),
        ("corrupt", "is no model that skops has saved"),
        ("native", "MXNet is retired"),
        ("extra", "platform keras needs tensorflow, which is not installed: pip install"),
    ],
)
def test_broken_model_says_why_and_the_others_answer(server: Server, name: str, words: str) -> None:
    ((_, state, error),) = server.status(name)
    assert state == "END"
    assert words in error
    assert server.grpc("onnx", ONNX)["label"].tolist() == SPECIES


def test_labels_and_one_file_as_simple_tensorflow_serving_has_them(
    models: Path, tmp_path: Path
) -> None:
    shutil.copy(models / "onnx" / "1" / "model.onnx", tmp_path / "flowers.onnx")
    file = ModelConfig(name="file", base_path=tmp_path / "flowers.onnx", platform="auto")
    labelled = ModelConfig(
        name="labelled", base_path=models / "xgboost", platform="xgboost", labels={"stable": 1}
    )
    catalogue = Catalogue(Loader(Flags()), allowed=Allowed.ANY)
    catalogue.apply([file, labelled])
    with catalogue.use("file") as one, catalogue.use("labelled", label="stable") as two:
        assert one.servable.run("serving_default", ONNX)["label"].tolist() == SPECIES
        assert (one.version, two.version) == (1, 1)
    catalogue.apply([])
