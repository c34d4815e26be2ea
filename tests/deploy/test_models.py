"""`python -m serving models`: what is to be served is there before a server starts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import yaml

from launch import programs
from launch.supervisor import ROOT, free_port
from tests.deploy.front import wait_for


def fill(folder: Path, *models: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "serving", "models", "--output", str(folder), *models],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A model server on what the command puts there; its port."""
    folder, port = tmp_path_factory.mktemp("models"), free_port()
    assert fill(folder, "demo", "none", "").stdout == "demo: copied 1\n"
    again = fill(folder, "demo", "demo")
    assert (again.returncode, again.stdout) == (0, "demo: version 1 is there\n")
    server = programs.model_server(port, folder / "models.config", "demo", folder / "serving.log")
    server.start()
    try:
        wait_for(server)
        yield port
    finally:
        server.end()


def test_shipped_model_is_copied_once_and_can_be_served(served: int) -> None:
    states = requests.get(f"http://127.0.0.1:{served}/v1/models/demo", timeout=10).json()
    assert states["model_version_status"][0]["state"] == "AVAILABLE"


def test_health_check_of_the_model_server_means_it(served: int) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    _, *command, script = compose["services"]["serving"]["healthcheck"]["test"]
    here = script.replace("$$", "$").replace("8501", str(served))
    codes = [
        subprocess.run(
            [*command, here],
            env={**os.environ, "CLASSIFIER_MODEL": model}, timeout=20, check=False,
        ).returncode
        for model in ("demo", "nobody")
    ]  # fmt: skip
    assert codes == [0, 1]


@pytest.mark.parametrize(
    ("models", "said"),
    [
        (
            ["demo", "resnet5"],
            "there is no model 'resnet5'; expected one of demo, efficientnetv2b0",
        ),
        (["empty"], "empty holds no model; expected a version in it, such as"),
        (["none"], "no model is named"),
    ],
    ids=["unknown", "empty", "none"],
)
def test_what_cannot_be_served_is_named_and_no_configuration_written(
    tmp_path: Path, models: list[str], said: str
) -> None:
    (tmp_path / "empty" / "1").mkdir(parents=True)
    done = fill(tmp_path, *models)
    assert done.returncode == 1
    assert said in done.stderr
    assert not (tmp_path / "models.config").exists()


def test_all_models_that_are_missing_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = fill(tmp_path, "resnet5", "empty", "demo")
    assert [line.startswith("models: ") for line in done.stderr.splitlines()] == [True, True]
    assert "'resnet5'" in done.stderr
    assert "empty holds no model" in done.stderr


def test_host_of_the_weights_that_is_away_is_named(tmp_path: Path) -> None:
    away = f"http://127.0.0.1:{free_port()}"
    done = fill(tmp_path, "resnet50", KERAS_WEIGHTS_URL=away, KERAS_HOME=str(tmp_path / "k"))
    assert done.returncode == 1
    assert "no weights from" in done.stderr
    assert "models: resnet50 could not be exported; see above" in done.stderr
