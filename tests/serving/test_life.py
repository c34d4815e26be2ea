"""`python -m serving` as a program: versions and configs come and go, under load."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import requests
from google.protobuf import text_format

import tests.models
from launch.supervisor import answers, free_port
from serving.protocol import tensor
from serving.protocol.model_service_pb2 import ReloadConfigRequest, ReloadConfigResponse
from serving.protocol.prediction_service_pb2 import PredictRequest, PredictResponse
from tests.conftest import until
from tests.serving.process import serving

VERSIONS = range(1, 4)
NAMES = ("swapped", "late", "broken")


@pytest.fixture(scope="module")
def adders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version n adds n."""
    folder = tmp_path_factory.mktemp("adders")
    for number in VERSIONS:
        tests.models.adder(folder / str(number), number)
    return folder


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where it listens, and the folder of its models and their config."""

    rest: str
    channel: grpc.Channel
    folder: Path

    def states(self, name: str) -> list[tuple[str, str]]:
        answer = requests.get(f"{self.rest}/{name}", timeout=20).json()
        return [(each["version"], each["state"]) for each in answer.get("model_version_status", [])]

    def ask(self, name: str) -> float:
        """Return what the model makes of 0, by REST; raise where it does not answer."""
        answer = requests.post(f"{self.rest}/{name}:predict", json={"inputs": [0.0]}, timeout=20)
        answer.raise_for_status()
        return float(answer.json()["outputs"]["y"][0])

    def call(self, name: str) -> float:
        """Return the same by gRPC."""
        request = PredictRequest()
        request.model_spec.name = name
        request.inputs["x"].CopyFrom(tensor.to_proto(np.zeros(1, np.float32)))
        answer = self._rpc("PredictionService/Predict", PredictResponse)(request)
        return float(answer.outputs["y"].float_val[0])

    def reload(self, text: str) -> None:
        """Give it another config by gRPC."""
        request = ReloadConfigRequest()
        text_format.Parse(text, request.config)
        self._rpc("ModelService/HandleReloadConfigRequest", ReloadConfigResponse)(request)

    def _rpc(self, name: str, response: Any) -> Callable[..., Any]:
        call: Callable[..., Any] = self.channel.unary_unary(
            f"/tensorflow.serving.{name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response.FromString,
        )
        return call


def model_config(**folders: Path) -> str:
    entries = (
        f'config {{ name: "{name}" base_path: "{path}" model_platform: "tensorflow" }}'
        for name, path in folders.items()
    )
    return f"model_config_list {{ {' '.join(entries)} }}"


@pytest.fixture(scope="module")
def server(adders: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with run(adders, tmp_path_factory.mktemp("life")) as found:
        yield found


@contextlib.contextmanager
def run(adders: Path, folder: Path, *flags: str) -> Iterator[Server]:
    """Serve the models of the folder with these flags, too."""
    port, rest_port = free_port(), free_port()
    publish(adders, folder / "swapped", 1)
    publish(adders, folder / "broken", 1)
    (folder / "monitoring.config").write_text("prometheus_config { enable: true }")
    config = folder / "models.config"
    config.write_text(model_config(**{name: folder / name for name in NAMES}))
    url = f"http://127.0.0.1:{rest_port}/v1/models"
    started = serving(
        folder,
        lambda: answers(f"{url}/broken/metadata"),
        *(f"--port={port}", f"--rest_api_port={rest_port}", f"--model_config_file={config}"),
        f"--monitoring_config_file={folder / 'monitoring.config'}",
        "--allow_version_labels_for_unavailable_models=true",
        *("--max_num_load_retries=0", "--file_system_poll_wait_seconds=0.2"),
        "--model_config_file_poll_wait_seconds=0.2",
        *flags,
    )
    with started, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield Server(rest=url, channel=channel, folder=folder)


def is_open(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


def test_who_finds_the_port_open_finds_the_models(adders: Path, tmp_path: Path) -> None:
    publish(adders, tmp_path / "adder", 1)
    port, rest_port = free_port(), free_port()
    place = ("--model_name=adder", f"--model_base_path={tmp_path / 'adder'}")
    ports = (f"--port={port}", f"--rest_api_port={rest_port}")
    with serving(tmp_path, lambda: is_open(rest_port), *place, *ports):
        url = f"http://127.0.0.1:{rest_port}/v1/models/adder:predict"
        assert requests.post(url, json={"inputs": [1.0]}, timeout=60).json() == {
            "outputs": {"y": [2.0], "z": [4.0]}
        }
        assert is_open(port)


def publish(adders: Path, base: Path, number: int) -> None:
    """Put a version there as it should be done: whole at once."""
    base.mkdir(exist_ok=True)
    shutil.copytree(adders / str(number), base / f".{number}")
    (base / f".{number}").rename(base / str(number))


@contextlib.contextmanager
def load(*asks: Callable[[], float]) -> Iterator[collections.Counter[object]]:
    """Ask on a thread each, again and again; count the answers and the errors."""
    counts: collections.Counter[object] = collections.Counter()
    ended = threading.Event()

    def work(ask: Callable[[], float]) -> None:
        while not ended.is_set():
            try:
                counts[ask()] += 1
            except (requests.RequestException, grpc.RpcError) as error:
                counts[str(error)] += 1

    threads = [threading.Thread(target=work, args=(ask,)) for ask in asks]
    for thread in threads:
        thread.start()
    try:
        yield counts
    finally:
        ended.set()
        for thread in threads:
            thread.join(30)


def test_no_request_fails_while_versions_are_swapped(server: Server, adders: Path) -> None:
    with load(lambda: server.ask("swapped"), lambda: server.call("swapped")) as counts:
        for number in VERSIONS:
            if number > 1:
                publish(adders, server.folder / "swapped", number)
            until(lambda number=number: counts[number] > 20)  # type: ignore[misc]
    assert set(counts) == set(VERSIONS)
    assert server.states("swapped") == [("3", "AVAILABLE"), ("2", "END"), ("1", "END")]


def test_no_request_fails_while_batched_versions_and_configs_are_swapped(
    adders: Path, tmp_path: Path
) -> None:
    parameters = tmp_path / "batching.config"
    parameters.write_text("max_batch_size { value: 4 } batch_timeout_micros { value: 2000 }")
    flags = ("--enable_batching=true", f"--batching_parameters_file={parameters}")
    with run(adders, tmp_path, *flags) as server:
        asks = (lambda: server.ask("swapped"), lambda: server.call("swapped"))
        with load(*asks * 2) as counts:
            for number in VERSIONS:
                if number > 1:
                    publish(adders, server.folder / "swapped", number)
                until(lambda number=number: counts[number] > 20)  # type: ignore[misc]
            kept = {name: server.folder / name for name in NAMES}
            server.reload(model_config(**kept, called=server.folder / "broken"))
            (server.folder / "models.config").write_text(
                model_config(**kept, read=server.folder / "broken")
            )
            until(lambda: [state for _, state in server.states("called")] == ["END"])
            so_far = counts.total()
            until(lambda: counts.total() > so_far + 20)
        assert set(counts) == set(VERSIONS)
        assert server.states("swapped") == [("3", "AVAILABLE"), ("2", "END"), ("1", "END")]
        url = server.rest.replace("/v1/models", "/monitoring/prometheus/metrics")
        page = requests.get(url, timeout=20).text
    assert ':tensorflow:serving:request_count{model_name="swapped",status="OK"}' in page
    assert ':kantu:serving:batch_size_count{model_name="swapped"}' in page


def test_broken_version_is_told_and_harms_nobody_until_it_is_mended(
    server: Server, adders: Path
) -> None:
    broken = server.folder / "broken" / "2"
    broken.mkdir()
    (broken / "saved_model.pb").write_bytes(b"\xff no model")
    with load(lambda: server.ask("broken"), lambda: server.call("broken")) as counts:
        until(lambda: ("2", "END") in server.states("broken"))
        shutil.rmtree(broken)
        publish(adders, server.folder / "broken", 2)
        until(lambda: counts[2.0] > 0)
    assert set(counts) == {1.0, 2.0}


def test_error_of_a_broken_version_names_no_folder(server: Server) -> None:
    broken = server.folder / "late" / "9"
    broken.mkdir(parents=True)
    until(lambda: ("9", "END") in server.states("late"))
    answer = requests.get(f"{server.rest}/late/versions/9", timeout=20).text
    assert "Could not find SavedModel .pb or .pbtxt at supplied export directory" in answer
    assert str(server.folder) not in answer
    broken.rmdir()


def test_model_whose_folder_comes_later_is_found(server: Server, adders: Path) -> None:
    publish(adders, server.folder / "late", 1)
    until(lambda: ("1", "AVAILABLE") in server.states("late"))
    assert server.ask("late") == 1


def test_config_comes_by_grpc_and_by_file(server: Server) -> None:
    kept = {name: server.folder / name for name in NAMES}
    with load(lambda: server.ask("broken"), lambda: server.call("broken")) as counts:
        server.reload(model_config(**kept, called=server.folder / "broken"))
        assert server.states("called")[0][1] == "AVAILABLE"
        server.folder.joinpath("models.config").write_text(
            model_config(**kept, read=server.folder / "broken")
        )
        until(lambda: [state for _, state in server.states("called")] == ["END"])
        assert server.ask("read") > 0
    assert set(counts) <= {1.0, 2.0}


def test_config_by_grpc_is_refused_in_tensorflow_serving_s_words(server: Server) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        server.reload(model_config(bad=Path("relative")))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.value.details() == (
        "Expected model bad to have an absolute path or URI; got base_path()=relative"
    )
    assert server.ask("broken") > 0


def test_one_model_needs_no_config_file_and_grpc_no_rest(adders: Path, tmp_path: Path) -> None:
    port = free_port()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        server = Server(rest="", channel=channel, folder=adders)
        flags = (f"--port={port}", "--rest_api_port=0", f"--model_base_path={adders}")
        with serving(tmp_path, lambda: _answers(server), *flags, "--model_name=adder"):
            assert server.call("adder") == 3


def _answers(server: Server) -> bool:
    try:
        return server.call("adder") > 0
    except grpc.RpcError:
        return False
