"""Models trained by parameter servers and on two devices: loaded as they are, and exported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tests.models
from launch.supervisor import ROOT
from serving.errors import InvalidArgument
from serving.export.command import main
from serving.platforms.tensorflow import Options, SavedModel

X = {"x": np.array([[1, 2], [0, 0], [-1, 0.5]], np.float32)}
LEARNT = [[0], [1], [-3]]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what distributed.py writes."""
    folder = tmp_path_factory.mktemp("trained")
    program = ROOT / "tests" / "serving" / "distributed.py"
    # gRPC asks a proxy also for what is on this machine.
    environment = {name: v for name, v in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(
        [sys.executable, str(program), str(folder)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def devices(folder: Path) -> set[str]:
    from tensorflow.python.saved_model import loader_impl

    (graph,) = loader_impl.parse_saved_model(str(folder)).meta_graphs
    functions = graph.graph_def.library.function
    nodes = [*graph.graph_def.node, *(node for each in functions for node in each.node_def)]
    return {node.device for node in nodes}


def answers(path: Path) -> Any:
    return SavedModel(path).run("serving_default", X)["y"]


@pytest.mark.parametrize(
    ("name", "device"),
    [("cluster", "/job:ps/task:1"), ("mirrored", "/job:localhost/replica:0/task:0/device:CPU:1")],
)
def test_model_is_loaded_where_its_devices_are_not(
    trained: Path, tmp_path: Path, name: str, device: str
) -> None:
    version = trained / name / "1"
    assert device in devices(version)
    np.testing.assert_allclose(answers(version), LEARNT, atol=1e-3)
    assert main([str(trained / name), "--name", "m", "--output", str(tmp_path)]) == 0
    assert devices(tmp_path / "m" / "1") == {""}
    np.testing.assert_allclose(answers(tmp_path / "m" / "1"), LEARNT, atol=1e-3)


def test_checkpoint_of_parameter_servers_is_exported(trained: Path, tmp_path: Path) -> None:
    chosen = ("--feed", "x=x", "--fetch", "y=y", "--name", "m", "--output", str(tmp_path))
    assert main([str(trained / "parameter_servers"), *chosen]) == 0
    assert not any("/job:" in device for device in devices(tmp_path / "m" / "1"))
    np.testing.assert_allclose(answers(tmp_path / "m" / "1"), LEARNT, atol=1e-3)


def test_a_device_that_was_asked_for_by_itself_stays_so(tmp_path: Path) -> None:
    tests.models.graphs(tmp_path / "1", device="/device:GPU:7", gpu=1)
    with pytest.raises(InvalidArgument, match="Cannot assign a device for operation y"):
        SavedModel(tmp_path / "1", Options(tags=("serve", "gpu")))
