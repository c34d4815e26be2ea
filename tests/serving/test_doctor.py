"""`python -m serving doctor`, beside a running server and without one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tests.models
from launch import programs
from launch.supervisor import free_port
from serving.doctor import live, machine
from serving.doctor.command import main
from serving.lifecycle import record, versions
from serving.lifecycle.config import ModelConfig


class Broken(live.Server):
    """A server whose only version could not be loaded."""

    def ask(self, path: str, body: object = None) -> Any:
        assert (path, body) == ("m", None)
        status = {"error_code": "NOT_FOUND", "error_message": "no model"}
        return {"model_version_status": [{"version": "3", "state": "END", "status": status}]}


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(port: int, folders: dict[str, Path], *flags: str) -> tuple[int, str]:
        config = tmp_path / "models.config"
        config.write_text(programs.model_config(folders))
        flag = f"--model_config_file={config}"
        status = main([flag, "--rest_api_host=127.0.0.1", f"--rest_api_port={port}", *flags])
        return status, capsys.readouterr().out

    return run


def test_running_server_is_asked(run: Run, serving_url: str, models: dict[str, Path]) -> None:
    port = int(serving_url.rpartition(":")[2])
    chosen = {name: models[name] for name in ("demo", "half_plus_two", "answerer")}
    status, said = run(port, chosen)
    assert f"  a server answers on {serving_url}: it is asked\n  process: pid " in said
    assert "  model demo: versions that answer: 1\n" in said
    assert "    serving_default (predict): image string[?] -> " in said
    assert "    test request serving_default of its warm-up: " in said
    assert "    serving_default (predict): x float[?, 1] -> y float[" in said
    assert "    test request serving_default of zeros: " in said
    assert (status, said.splitlines()[-1]) == (0, "all is well")


def test_model_that_the_server_does_not_have(run: Run, serving_url: str, tmp_path: Path) -> None:
    status, said = run(int(serving_url.rpartition(":")[2]), {"none": tmp_path})
    assert "\n! model none: Could not find any versions of model none\n" in said
    assert (status, said.splitlines()[-1]) == (1, "not all is well: see ! above")


def test_broken_version_is_wrong_until_it_is_taken_away(tmp_path: Path) -> None:
    config = ModelConfig(name="m", base_path=tmp_path)
    (tmp_path / "3").mkdir()
    findings = list(live.examine(Broken(host="", port=0, tls=False, headers={}), config))
    assert [each.text for each in findings] == [
        "! model m: versions that answer: none",
        "!   version 3 END: no model",
    ]
    (tmp_path / "3").rmdir()
    (_, version) = live.examine(Broken(host="", port=0, tls=False, headers={}), config)
    assert version.well


@pytest.mark.parametrize("folder", ["0003", "v0.3.0"])
def test_broken_version_may_lie_in_a_folder_of_another_name(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    label = record.Change(when="", action="label", version=3, by="config", label="v0.3.0")
    with record.alone(tmp_path) as file:
        record.append(file, label)
    config = ModelConfig(name="m", base_path=tmp_path)
    (_, version) = live.examine(Broken(host="", port=0, tls=False, headers={}), config)
    assert not version.well


def test_without_a_server_the_models_are_loaded(run: Run, models: dict[str, Path]) -> None:
    port = free_port()
    chosen = {name: models[name] for name in ("demo", "half_plus_two")}
    status, said = run(port, chosen)
    assert said.startswith(f"  no server answers on port {port}: the models are loaded here\n")
    assert "  TensorFlow 2." in said
    assert ", devices: CPU:0" in said
    assert f"  model demo: {models['demo']} has versions: 1\n" in said
    assert "\n    version 1 loaded in " in said
    assert "    test request serving_default of its warm-up: " in said
    assert "    test request serving_default of zeros: " in said
    assert status == 0


def test_what_is_wrong_on_disk_is_marked(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken" / "3").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    folders = {name: tmp_path / name for name in ("broken", "empty", "none")}
    status, said = run(free_port(), folders)
    assert "\n!   version 3 cannot be loaded: Could not find SavedModel" in said
    assert f"\n! model empty: {tmp_path}/empty has versions: none\n" in said
    assert f"\n! model none: {tmp_path}/none: No such file or directory\n" in said
    assert status == 1


@pytest.fixture
def lite(tmp_path: Path) -> Path:
    """The file of a small model."""
    tests.models.lite(tmp_path / "made")
    return tmp_path / "made" / "model.tflite"


Told = Callable[..., tuple[int, str]]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    def told(base: Path, *flags: str) -> tuple[int, str]:
        port = f"--rest_api_port={free_port()}"
        status = main([f"--model_base_path={base}", "--model_platform=tflite", port, *flags])
        return status, capsys.readouterr().out

    return told


def test_what_was_decided_about_versions_counts(lite: Path, tmp_path: Path, told: Told) -> None:
    base = tmp_path / "decided"
    for version in ("1", "2", "3"):
        (base / version).mkdir(parents=True)
        shutil.copy(lite, base / version)
    config = ModelConfig(name="m", base_path=base)
    for action, version in (("offline", "3"), ("pin", "1")):
        versions.change(config, action, version, "test")
    status, said = told(base)
    assert f"model default: {base} has versions: 1, 2, 3; pinned: 1; offline: 3\n" in said
    assert "version 1 loaded" in said
    assert "version 2" not in said
    assert status == 0


def test_label_has_the_number_that_the_server_would_give_it(
    lite: Path, tmp_path: Path, told: Told
) -> None:
    base = tmp_path / "labelled"
    (base / "v0.1.0").mkdir(parents=True)
    shutil.copy(lite, base / "v0.1.0")
    status, said = told(base, "--model_version=v0.1.0")
    assert "has versions: 1\n    label v0.1.0 is version 1\n    version 1 loaded" in said
    assert (status, record.read(base)) == (0, [])


def test_model_without_a_folder_for_its_version(lite: Path, tmp_path: Path, told: Told) -> None:
    (tmp_path / "bare").mkdir()
    shutil.copy(lite, tmp_path / "bare")
    status, said = told(tmp_path / "bare")
    assert "version 1 loaded" in said
    assert status == 0


def test_record_that_cannot_be_understood_is_told(tmp_path: Path, told: Told) -> None:
    record.place(tmp_path).write_text("nonsense\n")
    status, said = told(tmp_path)
    assert f"! model default: {record.place(tmp_path)}:1: expected one change in JSON" in said
    assert status == 1


def test_wrong_config_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "models.config").write_text("model_config_list { nonsense }")
    assert main([f"--model_config_file={tmp_path}/models.config"]) == 2
    assert capsys.readouterr().err.startswith(f"doctor: {tmp_path}/models.config:1:21")


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert capsys.readouterr().out.startswith("python -m serving doctor takes the flags")


def test_memory_of_a_process_that_is_gone() -> None:
    assert machine.resident() > 1
    assert machine.resident(2**30) == 0
    assert machine.process(free_port()).words.endswith("user")
