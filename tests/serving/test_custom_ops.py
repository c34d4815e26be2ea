"""custom_op_paths, with an operation that is compiled here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import tests.models
from serving.errors import NotFound
from serving.flags import Flags
from serving.lifecycle.config import ModelConfig, parse_config
from serving.lifecycle.loading import Loader, of_model

SOURCE = Path(__file__).with_name("plus_seven.cc")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    if shutil.which("g++") is None and "CI" not in os.environ:
        pytest.skip("no g++ on this machine")
    import tensorflow as tf

    target = tmp_path / "operations" / "plus_seven.so"
    target.parent.mkdir()
    flags = [*tf.sysconfig.get_compile_flags(), *tf.sysconfig.get_link_flags()]
    command = ["g++", "-w", "-O0", "-shared", "-fPIC", str(SOURCE), "-o", str(target), *flags]
    subprocess.run(command, check=True)
    return target


def needs_operation(folder: Path) -> None:
    """Save a model that calls PlusSeven, which may not be known yet."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    tests.models.graphs(folder, cpu=0)
    file = folder / "saved_model.pb"
    saved = SavedModel.FromString(file.read_bytes())
    (node,) = (each for each in saved.meta_graphs[0].graph_def.node if each.name == "y")
    node.op = "PlusSeven"
    del node.input[1:]
    node.attr.clear()
    file.write_bytes(saved.SerializeToString())


def _json(base_path: Path, libraries: Path) -> str:
    """Return Simple TensorFlow Serving's config of a model with operations of its own."""
    model = {"name": "m", "base_path": str(base_path), "custom_op_paths": str(libraries)}
    return json.dumps({"model_config_list": [model]})


def test_model_is_served_once_its_operation_is_there(library: Path, tmp_path: Path) -> None:
    version = tmp_path / "m" / "1"
    needs_operation(version)
    config = ModelConfig(name="m", base_path=version.parent)
    with pytest.raises(NotFound, match="Op type not registered 'PlusSeven'"):
        Loader(Flags(saved_model_tags="serve,cpu"))(config, version)
    (named,) = parse_config(_json(version.parent, library.parent), "models.json")
    model = Loader(Flags(saved_model_tags="serve,cpu"))(named, version)
    answer = model.run("serving_default", {"x": np.array([1, 2], np.float32)})
    assert answer["y"].tolist() == [8, 9]


def test_flag_and_config_name_libraries_together() -> None:
    config = ModelConfig(name="m", base_path=Path("/m"), custom_op_paths="b.so")
    assert of_model(Flags(custom_op_paths="a.so"), config).custom_op_paths == "a.so,b.so"
    assert of_model(Flags(), config).custom_op_paths == "b.so"
