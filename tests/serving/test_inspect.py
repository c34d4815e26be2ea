"""serving.inspect: what it says of saved models in every form, and what a run of them gives."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf

import tests.models
from launch import programs
from serving.export.command import main as export
from serving.inspect.command import main
from tests.serving import saving

# Keras asks TensorFlow for arrays the way of NumPy 1.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def saver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prefix of a checkpoint."""
    return saving.checkpoint(tmp_path_factory.mktemp("saver") / "model")


Inspect = Callable[..., list[str]]


@pytest.fixture
def inspect(capsys: pytest.CaptureFixture[str]) -> Inspect:
    """Return what is said of a path, in lines without double blanks."""

    def run(path: Path, *arguments: str) -> list[str]:
        assert main([str(path), *arguments]) == 0
        return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]

    return run


@pytest.fixture
def refusal(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return what is said against it."""

    def run(path: Path, *arguments: str) -> str:
        assert main([str(path), *arguments]) == 1
        said = capsys.readouterr().err
        assert said.startswith("inspect: ")
        return said

    return run


def test_checkpoint_names_what_may_go_in_and_come_out(inspect: Inspect, saver: Path) -> None:
    found = inspect(saver)
    assert found[:5] == [
        f"{saver}: a checkpoint of TensorFlow 1's Saver",
        "placeholders, to be inputs (--feed) or to be fixed (--fix):",
        "x:0 float32[?, 2] Placeholder",
        "keep_prob:0 float32[] Placeholder",
        "wanted:0 float32[?, 1] Placeholder",
    ]
    assert "y:0 float32[?, 1] AddV2" in found
    assert not any(line.startswith("gradients") for line in found)
    assert found[-5:-2] == ["variables: 4", "dense/b [1]", "dense/b/Momentum [1]"]


def test_twenty_are_shown_unless_all_are_asked_for(inspect: Inspect, tmp_path: Path) -> None:
    with tf.Graph().as_default() as graph:
        y = tf.compat.v1.placeholder(tf.float32, [], name="x")
        for number in range(25):
            y = tf.add(y, 1.0, name=f"y{number}")
        tf.io.write_graph(graph, str(tmp_path), "long.pb", as_text=False)
    found = inspect(tmp_path / "long.pb")
    assert found[3].endswith("(--fetch), the last 20 of 25 (--all):")
    assert [line.split(":")[0] for line in found[4:]] == [f"y{number}" for number in range(5, 25)]
    assert len(inspect(tmp_path / "long.pb", "--all")) == len(found) + 5


def test_frozen_graph_names_the_same(inspect: Inspect, tmp_path: Path) -> None:
    found = inspect(saving.frozen(tmp_path / "frozen.pb"))
    assert found[0].endswith("frozen.pb: a graph of TensorFlow 1")
    assert found[-1] == "y:0 float32[?, 1] AddV2"


def test_keras_model_names_its_tensors(inspect: Inspect, tmp_path: Path) -> None:
    saving.keras_model().save(tmp_path / "model.keras")
    found = inspect(tmp_path / "model.keras")
    assert found[0].endswith("model.keras: a Keras model")
    assert found[1:3] == ["1 layers, 3 parameters", "input x float32[?, 2]"]


def test_saved_model_is_run_on_zeros(inspect: Inspect, saver: Path, tmp_path: Path) -> None:
    chosen = ("--feed", "x=x", "--fetch", "y=y", "--fix", "keep_prob=1")
    assert export([str(saver), "--name", "m", "--output", str(tmp_path), *chosen]) == 0
    found = inspect(tmp_path / "m")[-6:]
    assert found[0].startswith("tags: serve (saved by TensorFlow ")
    assert found[1:5] == [
        "signature serving_default (tensorflow/serving/predict)",
        "input x float[?, 2] x:0",
        "output y float[?, 1] y:0",
        "test run of serving_default of zeros:",
    ]
    assert found[5].startswith("y float32[1, 1] [[1.")


def test_saved_model_is_run_on_what_is_given(inspect: Inspect, models: dict[str, Path]) -> None:
    found = inspect(models["half_plus_two"], "--inputs", '{"x": [[1], [2.5]]}')
    assert found[-2:] == [
        "test run of serving_default as given:",
        "y float32[2, 1] [[2.5 ], [3.25]]",
    ]


def test_types_of_any_shape_are_shown(inspect: Inspect, models: dict[str, Path]) -> None:
    found = inspect(models["many_types"])
    for kind in ("flag bool", "number float", "text string", "whole int64"):
        assert any(line.startswith(f"input {kind}[...] ") for line in found), kind
    assert found[-3:] == [
        "text string[1] [b'']",
        "text_bytes string[1] [b'']",
        "whole int64[1] [0]",
    ]


def test_a_picture_is_read_from_a_file(
    inspect: Inspect, samples: dict[str, bytes], tmp_path: Path
) -> None:
    name, content = min(samples.items())
    (tmp_path / name).write_bytes(content)
    found = inspect(programs.MODELS / "demo", "--file", f"image={tmp_path / name}")
    assert any(line.startswith("classes int64[1") for line in found), found


def test_signature_by_its_name(inspect: Inspect, models: dict[str, Path]) -> None:
    found = inspect(models["examples"], "--signature", "regress")
    assert found[-2:] == ["test run of regress of zeros:", "outputs float32[1, 1] [[2.]]"]


def test_every_metagraph_is_shown_and_run(inspect: Inspect, tmp_path: Path) -> None:
    tests.models.graphs(tmp_path / "both", small=1, large=1000)
    found = inspect(tmp_path / "both", "--inputs", '{"x": [1]}')
    tags = [line.partition(" (")[0] for line in found if line.startswith("tags: ")]
    assert tags == ["tags: serve, small", "tags: serve, large"]
    assert [line for line in found if line.startswith("y ")] == [
        "y float32[1] [2.]",
        "y float32[1] [1001.]",
    ]


def test_model_that_cannot_be_loaded_still_shows_its_signatures(
    inspect: Inspect, refusal: Callable[..., str], tmp_path: Path
) -> None:
    tests.models.graphs(tmp_path / "gpu", device="/device:GPU:7", gpu=1)
    found = inspect(tmp_path / "gpu")
    assert "input x float[?] x:0" in found
    assert found[-1].startswith("cannot be loaded: INVALID_ARGUMENT: Cannot assign a device")
    assert "Cannot assign a device" in refusal(tmp_path / "gpu", "--inputs", '{"x": [1]}')


def test_zeros_that_are_refused_are_no_failure(inspect: Inspect, tmp_path: Path) -> None:
    shutil.copytree(programs.MODELS / "demo" / "1", tmp_path / "1")
    shutil.rmtree(tmp_path / "1" / "assets.extra", ignore_errors=True)  # its warm-up
    assert inspect(tmp_path)[-1] == (
        "such values may well be refused: give others by --inputs or --file"
    )


@pytest.mark.parametrize(
    ("model", "arguments", "words"),
    [
        ("half_plus_two", ("--signature", "other"), 'signature name: "other" not found'),
        ("half_plus_two", ("--inputs", "x=1"), "--inputs is no JSON"),
        ("half_plus_two", ("--inputs", '{"z": [1]}'), "'inputs'"),
        ("half_plus_two", ("--inputs", '{"x": ["a"]}'), "is not of expected type: float"),
        ("half_plus_two", ("--file", "x"), "expected NAME=PATH"),
        ("half_plus_two", ("--file", "z=/dev/null"), "there is no input 'z'; expected x"),
        ("many_types", ("--file", "text=/none"), "No such file or directory: '/none'"),
    ],
)
def test_wrong_input_is_told(
    refusal: Callable[..., str],
    models: dict[str, Path],
    model: str,
    arguments: tuple[str, ...],
    words: str,
) -> None:
    assert words in refusal(models[model], *arguments)


def test_wrong_path_is_told(
    refusal: Callable[..., str], saver: Path, models: dict[str, Path], tmp_path: Path
) -> None:
    near = models["half_plus_two"].with_name("half_plus_tow")
    assert "near it: half_plus_two" in refusal(near)
    assert "SavedModels: export it first" in refusal(saver, "--inputs", "{}")
    (tmp_path / "saved_model.pb").write_bytes(b"\xff" * 9)
    assert "Cannot parse file" in refusal(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"")
    assert "has no graph in it, or is damaged" in refusal(tmp_path)
