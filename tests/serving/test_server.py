"""serving.server: what is checked before it serves, and how gunicorn is set."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch.supervisor import free_port
from serving.auth import AuthError
from serving.batching.parameters import BatchingError
from serving.config_file import ConfigError
from serving.flags import Flags
from serving.monitoring.config import MonitoringError
from serving.processes import RestServer, Setup
from serving.server import StartError, main, prepare


@pytest.fixture
def ports() -> list[str]:
    return [f"--port={free_port()}", f"--rest_api_port={free_port()}"]


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def config(folder: Path, more: str = "") -> str:
    path = folder / "models.config"
    entry = f'name: "m" base_path: "/m" model_platform: "tensorflow" {more}'
    path.write_text(f"model_config_list {{ config {{ {entry} }} }}")
    return f"--model_config_file={path}"


LABEL = 'version_labels { key: "stable" value: 1 }'


def test_wrong_files_of_parameters_stop_the_start(tmp_path: Path, ports: list[str]) -> None:
    file, model = tmp_path / "parameters", "--model_base_path=/m"
    file.write_text("nonsense")
    with pytest.raises(BatchingError, match=r'parameters:1:1 : .*no field named "nonsense"'):
        prepare([*ports, model, "--enable_batching", f"--batching_parameters_file={file}"])
    with pytest.raises(MonitoringError, match=r'parameters:1:1 : .*no field named "nonsense"'):
        prepare([*ports, model, f"--monitoring_config_file={file}"])


def test_models_come_from_the_file_or_the_flags(tmp_path: Path, ports: list[str]) -> None:
    (named,) = prepare([*ports, config(tmp_path)]).models
    assert (named.name, named.base_path) == ("m", Path("/m"))
    (single,) = prepare([*ports, "--model_base_path=models/x"]).models
    assert (single.name, single.base_path) == ("default", Path.cwd() / "models" / "x")


def test_nothing_to_serve(ports: list[str]) -> None:
    with pytest.raises(ConfigError, match="no models: give --model_config_file or --model_base"):
        prepare(ports)


def test_nowhere_to_listen() -> None:
    with pytest.raises(StartError, match="nowhere to listen"):
        prepare(["--port=0", "--rest_api_port=0", "--model_base_path=/m"])


def test_port_that_is_taken(taken: int) -> None:
    with pytest.raises(StartError, match=f"port {taken} of 127.0.0.1 cannot be opened: Address"):
        prepare([f"--port={taken}", "--rest_api_host=127.0.0.1", "--model_base_path=/m"])


def test_one_port_for_both_leaves_grpc(caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    flags = prepare([f"--port={port}", f"--rest_api_port={port}", "--model_base_path=/m"]).flags
    assert (flags.port, flags.rest_api_port) == (port, 0)
    assert "--rest_api_port cannot be same as --port." in caplog.text


def test_label_at_the_start_needs_the_flag(tmp_path: Path, ports: list[str]) -> None:
    with pytest.raises(
        StartError,
        match=r"Failed to start server\. Error: FAILED_PRECONDITION: Request to assign label to "
        r"version 1 of model m, which is not currently available for inference\n"
        r"  .*--allow_version_labels_for_unavailable_models=true",
    ):
        prepare([*ports, config(tmp_path, LABEL)])
    allowed = "--allow_version_labels_for_unavailable_models=true"
    (model,) = prepare([*ports, config(tmp_path, LABEL), allowed]).models
    assert model.labels == {"stable": 1}


def test_parameters_of_batching_need_batching(ports: list[str]) -> None:
    with pytest.raises(StartError, match="without setting --enable_batching"):
        prepare([*ports, "--model_base_path=/m", "--batching_parameters_file=/b"])


def test_files_of_secrets_are_read_at_the_start(tmp_path: Path, ports: list[str]) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("nonsense")
    with pytest.raises(AuthError):
        prepare([*ports, "--model_base_path=/m", f"--basic_auth_file={wrong}"])
    with pytest.raises(StartError, match=f"^{wrong}:1:1: not an SSLConfig in text format$"):
        prepare([*ports, "--model_base_path=/m", f"--ssl_config_file={wrong}"])


def test_file_of_session_options_is_there_at_the_start(ports: list[str]) -> None:
    with pytest.raises(ConfigError, match=r"^/none: cannot be read: No such file"):
        prepare([*ports, "--model_base_path=/m", "--tensorflow_session_config_file=/none"])


def test_flag_without_effect_is_told(ports: list[str], caplog: pytest.LogCaptureFixture) -> None:
    prepare([*ports, "--model_base_path=/m", "--enable_profiler=true"])
    assert "--enable_profiler does nothing here" in caplog.text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "serving: no models"),
        (["--model_config_file=/none"], "serving: /none: cannot be read"),
        (
            ["--rest_api_prt=1"],
            "serving: unknown argument: --rest_api_prt=1\n  did you mean --rest",
        ),
    ],
)
def test_what_is_wrong_is_said_in_words(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith(message)


def test_help_and_versions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert main(["--version"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("usage: python -m serving")
    assert "\nTensorFlow Library: 2." in said


def test_gunicorn_opens_no_socket_for_others_to_share() -> None:
    setup = Setup(flags=Flags(rest_api_port=free_port()), models=(), text="")
    assert RestServer(setup).cfg.control_socket_disable is True
