"""serving.export of what others saved: trained models in every form, exported and really served."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

import tests.models
from launch import programs
from launch.supervisor import free_port
from serving.export.command import main
from serving.platforms.tensorflow import SavedModel
from tests.conftest import until
from tests.serving import saving

# Keras asks TensorFlow for arrays the way of NumPy 1.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ROWS = [[1.0, 2.0], [0.0, 0.0], [-1.0, 0.5]]
LEARNT = [[0.0], [1.0], [-3.0]]
CHOSEN = ("--feed", "x=x", "--fetch", "y=y", "--fix", "keep_prob=1")
FORMS = {  # what is exported: arguments after the path
    "saver/model-7.meta": CHOSEN,
    "reference/model-7": CHOSEN,
    "frozen.pb": CHOSEN,
    "frozen.pbtxt": CHOSEN,
    "model.keras": (),
    "model.h5": (),
    "words/model.index": ("--feed", "word=word:0", "--fetch", "number=number"),
    "estimator": (),
}
LEARNT_FORMS = [form for form in FORMS if not form.startswith(("words", "estimator"))]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model in every form."""
    folder = tmp_path_factory.mktemp("saved")
    saving.checkpoint(folder / "saver" / "model")
    saving.checkpoint(folder / "reference" / "model", resources=False)
    saving.checkpoint(folder / "no_graph" / "model", write_meta_graph=False)
    saving.frozen(folder / "frozen.pb")
    saving.frozen(folder / "frozen.pbtxt")
    saving.unfrozen(folder / "unfrozen.pb")
    saving.words(folder / "words" / "model", folder / "vocabulary.txt")
    saving.estimator(folder / "estimator")
    model = saving.keras_model()
    model.save(folder / "model.keras")
    model.save(folder / "model.h5")
    model.save_weights(folder / "only.weights.h5")
    return folder


Export = Callable[..., int]


@pytest.fixture
def export(saved: Path, tmp_path: Path) -> Export:
    """Export by the command, into a folder of the test's own."""

    def run(path: str | Path, *arguments: str) -> int:
        output = ("--output", str(tmp_path / "models"))
        return main([str(saved / path), "--name", "m", *output, *arguments])

    return run


@pytest.fixture
def refusal(export: Export, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return what is said against an export, which leaves nothing behind."""

    def run(path: str | Path, *arguments: str) -> str:
        assert export(path, *arguments) == 1
        said = capsys.readouterr().err
        assert said.startswith("export: ")
        assert not (tmp_path / "models" / "m").exists()
        return said

    return run


@pytest.fixture(scope="module")
def url(saved: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`python -m serving` with every export."""
    folder, port = tmp_path_factory.mktemp("served"), free_port()
    for form, arguments in FORMS.items():
        name = ["--name", form.replace("/", "."), "--output", str(folder)]
        assert main([str(saved / form), *name, *arguments]) == 0
    # As where it was trained is gone when the model is served elsewhere.
    (saved / "vocabulary.txt").rename(saved / "moved.txt")
    models = {name: folder / name for name in (form.replace("/", ".") for form in FORMS)}
    config = folder / "models.config"
    config.write_text(programs.model_config(models))
    program = programs.model_server(port, config, list(models)[-1], folder / "log")
    program.start()
    try:
        until(lambda: program.ready() or program.died())
        assert not program.died(), program.last_words()
        yield f"http://127.0.0.1:{port}/v1/models"
    finally:
        program.end()


def ask(url: str, form: str, verb: str, **body: Any) -> Any:
    answer = requests.post(f"{url}/{form.replace('/', '.')}:{verb}", json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("form", LEARNT_FORMS)
def test_what_was_learnt_is_served(url: str, form: str) -> None:
    found = ask(url, form, "predict", inputs={"x": ROWS})["outputs"]
    np.testing.assert_allclose(found, LEARNT, atol=1e-3)


def test_vocabulary_goes_with_the_model(url: str) -> None:
    found = ask(url, "words/model.index", "predict", inputs={"word": ["dog", "cat", "cow"]})
    assert found == {"outputs": [11, 10, 9]}


def test_input_of_unknown_shape_takes_any(url: str) -> None:
    found = ask(url, "words/model.index", "predict", inputs={"word": [[["dog"]], [["cat"]]]})
    assert found == {"outputs": [[[11]], [[10]]]}


def test_estimator_s_export_answers_by_all_its_methods(url: str) -> None:
    row: dict[str, Any] = {"x": 3.0}
    found = ask(url, "estimator", "classify", examples=[row])
    assert found == {"results": [[["small", 3.0], ["größer", 100.0]]]}
    found = ask(url, "estimator", "regress", signature_name="regress", examples=[row])
    assert found == {"results": [3.5]}


def test_tensor_from_within_is_an_input(export: Export, tmp_path: Path) -> None:
    assert export("saver", "--feed", "h=dropout/SelectV2:0", "--fetch", "y=y:0") == 0
    found = SavedModel(tmp_path / "models/m/1").run(
        "serving_default", {"h": np.array(ROWS, np.float32)}
    )
    np.testing.assert_allclose(found["y"], LEARNT, atol=1e-3)


def test_branches_and_loops_of_tensorflow_1_are_kept(export: Export, tmp_path: Path) -> None:
    prefix = saving.branches(tmp_path / "branches" / "model")
    chosen = ("--feed", "x=x", "--fetch", "y=y", "--fix", "is_training=false")
    x = {"x": np.array([4, 5], np.float32)}
    assert export(prefix, *chosen) == 0
    assert SavedModel(tmp_path / "models/m/1").run("serving_default", x)["y"].tolist() == [2, 4]
    assert export(prefix, *chosen, "--fix", "times=3", "--version", "2") == 0
    assert SavedModel(tmp_path / "models/m/2").run("serving_default", x)["y"].tolist() == [8, 16]
    assert export(prefix, *chosen, "--feed", "times=times", "--version", "3") == 0
    times = {**x, "times": np.array(2, np.int32)}
    assert SavedModel(tmp_path / "models/m/3").run("serving_default", times)["y"].tolist() == [4, 8]


def test_training_stays_behind(export: Export, tmp_path: Path) -> None:
    assert export("saver", *CHOSEN) == 0
    model = SavedModel(tmp_path / "models/m/1")
    names = [each.name for each in model._session.graph.get_operations()]
    assert [name for name in names if "Momentum" in name or "gradients" in name] == []
    assert (tmp_path / "models/m/1").stat().st_mode & 0o777 == 0o755


def test_folder_that_was_moved_gives_its_newest_checkpoint(
    saved: Path, export: Export, tmp_path: Path
) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(saved / "saver", moved)
    (moved / "model-3.index").touch()
    state = 'model_checkpoint_path: "/home/somebody/model-7"\n'
    (moved / "checkpoint").write_text(state)
    assert export(moved, *CHOSEN) == 0


def test_folder_of_several_checkpoints_has_to_say_which(
    saved: Path, refusal: Any, tmp_path: Path
) -> None:
    for number in (3, 7):
        shutil.copy(saved / "saver" / "model-7.index", tmp_path / f"model-{number}.index")
    assert "several checkpoints: give one of model-3, model-7" in refusal(tmp_path)


def test_every_metagraph_is_kept(export: Export, tmp_path: Path) -> None:
    tests.models.graphs(tmp_path / "both", train=1000)
    tests.models.graphs(tmp_path / "some", small=1, large=1000)
    assert export(tmp_path / "both", "--version", "7") == 1  # none is tagged "serve" alone
    one = tmp_path / "one"
    _tag(tmp_path / "some", one)
    assert export(one, "--version", "7") == 0
    copied = tmp_path / "models" / "m" / "7"
    x = {"x": np.array([1.0], np.float32)}
    assert SavedModel(copied).run("serving_default", x)["y"] == [2]
    assert _tags(copied) == [["serve"], ["serve", "large"]]


def _tags(folder: Path) -> list[list[str]]:
    from tensorflow.python.saved_model import loader_impl

    graphs = loader_impl.parse_saved_model(str(folder)).meta_graphs
    return [sorted(each.meta_info_def.tags, reverse=True) for each in graphs]


def _tag(source: Path, target: Path) -> None:
    """Copy a SavedModel, its first MetaGraph tagged for serving alone."""
    from tensorflow.python.saved_model import loader_impl

    found = loader_impl.parse_saved_model(str(source))
    found.meta_graphs[0].meta_info_def.ClearField("tags")
    found.meta_graphs[0].meta_info_def.tags.append("serve")
    shutil.copytree(source, target)
    (target / "saved_model.pb").write_bytes(found.SerializeToString())


def test_version_that_is_there_stays(
    export: Export, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export("model.keras") == 0
    assert capsys.readouterr().out == f"{tmp_path}/models/m/1\n"
    assert export("model.keras") == 1
    assert "m/1 is already there" in capsys.readouterr().err
    assert export("model.keras", "--version", "2") == 0


@pytest.mark.parametrize(
    ("path", "arguments", "words"),
    [
        ("saver", ("--feed", "x=X", "--fetch", "y=y"), "there is no tensor 'X'"),
        ("saver", ("--feed", "x=x", "--fetch", "y=MatMul"), "'MatMul'; near it: matmul"),
        ("saver", ("--feed", "x=x", "--fetch", "y=y:1"), "there is no tensor 'y:1'"),
        ("saver", ("--feed", "x=x:zero", "--fetch", "y=y"), "there is no tensor 'x:zero'"),
        ("saver", (), "which tensors go in and come out?"),
        ("saver", CHOSEN[:4], "also need keep_prob: give --feed keep_prob=keep_prob:0, or"),
        ("saver", (*CHOSEN, "--feed", "t=wanted"), "no output depends on the input t"),
        ("saver", (*CHOSEN, "--feed", "a=x:0"), "the tensor x:0 is there under two names"),
        ("saver", (*CHOSEN, "--feed", "x=y"), "--feed x is there twice"),
        ("saver", (*CHOSEN[:4], "--fix", "keep_prob=yes"), "keep_prob:0 cannot be 'yes'"),
        ("saver", (*CHOSEN[:4], "--fix", "keep_prob=[1]"), "keep_prob:0 cannot be '[1]'"),
        ("saver", (*CHOSEN[:4], "--fix", "keep_prob"), "expected NAME=VALUE"),
        ("saver", ("--feed", "x=x", "--fetch", "y=y", "--fix", "sub=1"), "sub:0 is no placeholder"),
        ("savers", CHOSEN, "there is no"),
        ("saver/model-8", CHOSEN, "near it: model-7.meta, model-7.index"),
        ("no_graph", CHOSEN, "model-7.meta, which has the graph"),
        ("unfrozen.pb", CHOSEN, "is not frozen: the values of dense/"),
        ("model.keras", CHOSEN, "is a Keras model, which has its inputs and outputs by itself"),
        ("estimator", CHOSEN, "is a SavedModel, which has its inputs"),
        ("only.weights.h5", (), "has weights alone"),
        (".", (), "holds no model; expected a SavedModel"),
        ("model.keras", ("--version", "-1"), "--version -1: expected a whole number"),
        ("model.keras", ("--name", "a/b"), "--name 'a/b': expected the name of a model"),
    ],
)
def test_wrong_choice_is_told(
    refusal: Any, path: str, arguments: tuple[str, ...], words: str
) -> None:
    assert words in refusal(path, *arguments)


def archive(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as found:
        for name in names:
            found.writestr(name, "")
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("m.pb", b"", "is empty"),
        ("m.pb", b"\xff" * 100, "is not a graph (GraphDef), or is damaged"),
        ("m.pb", b"\x22\x03\x08\x96\x01", "not one operation"),
        ("m.pbtxt", "图".encode("gbk"), "is not a graph (GraphDef), or is damaged"),
        ("m.meta", b"\xff" * 100, "is not a graph (MetaGraphDef), or is damaged"),
        ("m.txt", b"a model", "nothing that is known here"),
        ("m.tflite", b"\x1c\0\0\0TFL3", "is served as it is: as NAME/1/model.tflite"),
        ("m.keras", b"PK\x03\x04", "is damaged, or only a part of it"),
        ("m.keras", archive("config.json", "metadata.json"), "no Keras model that can be loaded"),
        ("m.pt", archive("m/data.pkl"), "is a PyTorch model of another kind"),
        ("m.zip", archive("a"), "is an archive of another kind"),
        ("saved_model.pb", b"\xff" * 100, "Cannot parse file"),
    ],
    ids=lambda value: "content" if isinstance(value, bytes) else value,
)
def test_damaged_file_is_told(
    refusal: Any, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert words in refusal(tmp_path / name, *(CHOSEN if name in {"m.pb", "m.pbtxt"} else ()))


def test_weights_that_are_cut_off_are_told(saved: Path, refusal: Any, tmp_path: Path) -> None:
    shutil.copytree(saved / "saver", tmp_path / "cut")
    data = tmp_path / "cut" / "model-7.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:20])
    assert "no checkpoint that can be read" in refusal(tmp_path / "cut", *CHOSEN)
    data.unlink()
    assert "as they were saved together" in refusal(tmp_path / "cut", *CHOSEN)


def test_checkpoint_of_tensorflow_2_has_no_graph(refusal: Any, tmp_path: Path) -> None:
    import tensorflow as tf

    tf.train.Checkpoint(w=tf.Variable(1.0)).write(str(tmp_path / "weights"))
    assert "is a checkpoint of TensorFlow 2" in refusal(tmp_path / "weights", *CHOSEN)


def test_operation_of_another_time_is_named(refusal: Any, saved: Path, tmp_path: Path) -> None:
    text = (saved / "frozen.pbtxt").read_text()
    (tmp_path / "contrib.pbtxt").write_text(text.replace('"MatMul"', '"ContribMatMul"'))
    said = refusal(tmp_path / "contrib.pbtxt", *CHOSEN)
    assert "not a graph that this TensorFlow runs" in said
    assert "'ContribMatMul'" in said


def test_vocabulary_that_is_gone_is_told(refusal: Any, tmp_path: Path) -> None:
    vocabulary = tmp_path / "vocabulary"
    prefix = saving.words(tmp_path / "words" / "model", vocabulary)
    vocabulary.unlink()
    said = refusal(prefix, *FORMS["words/model.index"])
    assert f"a file that is not there: {vocabulary}" in said


def test_python_code_in_a_keras_model_is_not_run(refusal: Any, tmp_path: Path) -> None:
    import keras

    layers = [keras.Input((2,)), keras.layers.Lambda(lambda x: x + 1)]
    keras.Sequential(layers).save(tmp_path / "code.keras")
    assert "holds Python code (a Lambda layer), which is not run here" in refusal(
        tmp_path / "code.keras"
    )
