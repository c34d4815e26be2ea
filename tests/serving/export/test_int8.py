"""`serving export --optimise int8`: quantised, compared, published, and served as it was."""

from __future__ import annotations

import concurrent.futures
import io
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image

import tests.models
from serving.errors import InvalidArgument
from serving.export.command import main
from serving.export.comparison import Comparison
from serving.flags import Flags
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.loading import Loader
from serving.platforms.int8 import Int8Classifier
from serving.platforms.tensorflow import SavedModel
from serving.protocol.json_tensor import Array
from tests.serving.asking import predict_request
from tests.serving.conftest import serve

DEMO = Path(__file__).parents[3] / "serving" / "models" / "demo"

Export = Callable[..., tuple[int, str, str]]


def scribble(seed: int) -> bytes:
    """Return a PNG of some strokes; no two are alike."""
    rng = np.random.default_rng(seed)
    pixels = np.full((70, 90, 3), rng.integers(120, 255), np.uint8)
    for _ in range(int(rng.integers(1, 6))):
        row, column = rng.integers(0, 60, 2)
        pixels[row : row + rng.integers(3, 30), column : column + rng.integers(3, 30)] = (
            rng.integers(0, 255, 3)
        )
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fifty pictures without classes, and one file that is none."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(50):
        (folder / f"{number}.png").write_bytes(scribble(number))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 not a picture")
    return folder


@pytest.fixture
def export(capfd: pytest.CaptureFixture[str]) -> Export:
    """Run the command in this process; return its status and what it said."""

    def run(*arguments: object) -> tuple[int, str, str]:
        status = main([*map(str, arguments)])
        return status, *capfd.readouterr()

    return run


@pytest.fixture(scope="module")
def models(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo classifier, and its second version in int8."""
    folder = tmp_path_factory.mktemp("models")
    shutil.copytree(DEMO / "1", folder / "demo" / "1")
    assert main(int8("demo", folder, pictures)) == 0
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The demo classifier for one test, which adds versions."""
    shutil.copytree(DEMO / "1", tmp_path / "own" / "demo" / "1")
    return tmp_path / "own"


def int8(model: str, output: Path, pictures: Path) -> list[str]:
    return [model, "--output", str(output), "--optimise", "int8", "--calibrate", str(pictures)]


def strings(*pictures: bytes) -> dict[str, Array]:
    return {"image": np.array(pictures, np.object_)}


def test_version_is_whole_for_servers_that_know_no_int8(models: Path) -> None:
    before, after = (SavedModel(models / "demo" / version) for version in "12")
    given = strings(scribble(1000))
    one, two = (each.run("serving_default", given)["probabilities"] for each in (before, after))
    assert np.array_equal(one, two)
    assert (models / "demo" / "2" / "assets.extra" / "tf_serving_warmup_requests").exists()


def test_server_chooses_int8_and_answers_alike(models: Path) -> None:
    load = Loader(Flags())
    config = ModelConfig(name="demo", base_path=models / "demo")
    before, after = (load(config, models / "demo" / version) for version in "12")
    given = strings(*(scribble(seed) for seed in range(2000, 2012)))
    one, two = (each.run("serving_default", given) for each in (before, after))
    assert np.abs(one["probabilities"] - two["probabilities"]).mean() < 0.02
    assert not np.array_equal(one["probabilities"], two["probabilities"])  # it is another network
    assert two["probabilities"].sum(axis=1) == pytest.approx(1)
    assert np.array_equal(two["probabilities"].argmax(axis=1), two["classes"])
    best = after.run("top5", given)
    assert np.array_equal(best["classes"][:, 0], two["classes"])
    assert list(after.run("top5", given, ["scores"])) == ["scores"]


def test_signatures_are_the_same(models: Path) -> None:
    before = SavedModel(models / "demo" / "1").signatures
    after = Int8Classifier(models / "demo" / "2" / "int8", interpreters=1).signatures
    assert before.keys() - {"__saved_model_init_op"} == after.keys()
    assert [shapes(before[name]) for name in after] == [shapes(after[name]) for name in after]


def shapes(signature: object) -> object:
    sides = signature.inputs, signature.outputs  # type: ignore[attr-defined]  # a Signature
    return [{name: (info.dtype, info.shape) for name, info in side.items()} for side in sides]


def test_rest_and_grpc_serve_both_versions(models: Path) -> None:
    catalogue = Catalogue(Loader(Flags()))
    catalogue.apply([ModelConfig(name="demo", base_path=models / "demo")])
    request = predict_request("demo", image=strings(scribble(7))["image"])
    with serve(catalogue) as fronts:
        status = requests.get(f"{fronts.url}/demo", timeout=10).json()
        answer = fronts.predictions().Predict(request, timeout=30)
    catalogue.apply([])
    assert status["model_version_status"][0]["version"] == "2"
    assert answer.model_spec.version.value == 2
    assert sum(answer.outputs["probabilities"].float_val) == pytest.approx(1)


def test_picture_that_is_none_and_no_picture_at_all(models: Path) -> None:
    model = Int8Classifier(models / "demo" / "2" / "int8", interpreters=1)
    with pytest.raises(InvalidArgument, match="Unknown image file format"):
        model.run("serving_default", strings(b"nothing of the kind"))
    assert model.run("serving_default", strings())["probabilities"].shape == (0, 12)


def test_many_threads_get_their_own_answers(models: Path) -> None:
    model = Int8Classifier(models / "demo" / "2" / "int8", interpreters=2)
    given = [strings(scribble(seed)) for seed in range(3000, 3020)]
    alone = [model.run("serving_default", each)["probabilities"] for each in given]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        found = pool.map(lambda each: model.run("serving_default", each)["probabilities"], given)
        assert [each.tolist() for each in found] == [each.tolist() for each in alone]


def test_report_stands_beside_the_version(models: Path) -> None:
    text = (models / "demo" / "2-int8.md").read_text("utf-8")
    assert "same likeliest class" in text
    assert "accuracy was not measured" in text


def test_classes_as_folders_are_judged_and_broken_files_left_out(
    export: Export, own: Path, pictures: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    for name, part in (("11", "1"), ("the digit 3", "2"), ("数字 7", "3")):
        shutil.copytree(pictures, folder / name, ignore=only(part))
    (folder / "11" / "broken.jpg").write_bytes(b"\xff\xd8 not a picture")
    status, said, complained = export(*int8("demo", own, folder))
    assert status == 0, complained
    assert "| right |" in said
    assert "broken.jpg cannot be read, and is left out" in said
    assert (own / "demo" / "2" / "int8" / "model.tflite").exists()


def only(start: str) -> Callable[[str, Sequence[str]], list[str]]:
    return lambda _, names: [name for name in names if not name.startswith(start)]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "0 pictures (.jpg, .jpeg,"),
        ({"a.txt": b"x", "b.png": b"x"}, "1 pictures"),
        ({"a.png": b"x", "b.png": b"x"}, "none of the 1 pictures to calibrate by can be read"),
        ({"cat/a.png": b"x", "cat/b.png": b"x"}, "'cat' is no class of demo; expected a number"),
        ({"a.png": b"x", "3/b.png": b"x"}, "expected all of them in"),
        ({"3/deep/a.png": b"x", "3/b.png": b"x"}, "expected all of them in"),
    ],
    ids=["empty", "one", "unreadable", "class", "mixed", "deep"],
)
def test_pictures_that_are_of_no_use(
    export: Export, models: Path, tmp_path: Path, files: dict[str, bytes], words: str
) -> None:
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    before = sorted((models / "demo").iterdir())
    status, _, complained = export(*int8("demo", models, tmp_path))
    assert status == 1
    assert words in complained
    assert sorted((models / "demo").iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing"], "'nothing' is none of resnet50"),
        (["demo", "--optimise", "int8"], "belong together"),
        (["demo", "--calibrate", "x"], "belong together"),
        (["nothing", "--optimise", "int8", "--calibrate", "x"], "has no versions of it"),
        (["demo", "--optimise", "int8", "--calibrate", "x"], "there is no such folder"),
        (["demo", "--optimise", "int8", "--calibrate", "x", "--weights", "y"], "of no use"),
    ],
    ids=["unknown", "no-pictures", "no-int8", "unknown-int8", "no-folder", "weights"],
)
def test_wrong_command_lines(
    export: Export, models: Path, arguments: list[str], words: str
) -> None:
    status, _, complained = export(*arguments, "--output", models)
    assert status == 1
    assert words in complained


def test_model_that_is_no_classifier_of_picture_files(
    export: Export, tmp_path: Path, pictures: Path
) -> None:
    tests.models.half_plus_two(tmp_path / "half" / "1")
    status, _, complained = export(*int8("half", tmp_path, pictures))
    assert status == 1
    assert "expected a classifier" in complained


def test_model_without_pixels_or_softmax(export: Export, tmp_path: Path, pictures: Path) -> None:
    tests.models.save(
        tmp_path / "constant" / "1",
        serving_default=(
            lambda image: {"probabilities": tests.models.classifier(12, 3)(image)},
            tests.models.pictures(),
        ),
    )
    status, _, complained = export(*int8("constant", tmp_path, pictures))
    assert status == 1
    assert "do not come out of one softmax" in complained


def test_broken_int8_folder_is_an_error_of_its_own(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "demo" / "2" / "int8", tmp_path / "int8")
    (tmp_path / "int8" / "model.tflite").write_bytes(b"nothing of the kind")
    with pytest.raises(InvalidArgument, match="not a network that can be served"):
        Int8Classifier(tmp_path / "int8", interpreters=1)


def said(*classes: int) -> Array:
    """Return probabilities of a model that is sure of these classes."""
    return np.eye(4, dtype=np.float32)[list(classes)]


def compared(right: int, labelled: bool) -> Comparison:
    """Return 200 answers, all right before, so many after."""
    after = said(*[1] * right, *[2] * (200 - right))
    labels = np.ones(200, np.int64) if labelled else None
    return Comparison(before=said(*[1] * 200), after=after, labels=labels)


@pytest.mark.parametrize(
    ("right", "labelled", "fault"),
    [
        (198, True, ""),
        (197, True, "right for 98.50 % of the pictures, fp32 for 100.00 %"),
        (180, False, ""),
        (179, False, "answers 10.50 % of the pictures otherwise"),
    ],
)
def test_more_than_a_point_lost_is_not_published(right: int, labelled: bool, fault: str) -> None:
    found = compared(right, labelled).fault() or ""
    assert bool(found) == bool(fault)
    assert fault in found


def test_refusal_leaves_nothing_unless_told_to_publish(
    export: Export, own: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.export.comparison.LEAST_AGREEMENT", 1.01)  # nobody reaches it
    status, _, complained = export(*int8("demo", own, pictures))
    assert status == 1
    assert "Nothing is published" in complained
    assert [each.name for each in (own / "demo").iterdir()] == ["1"]
    status, _, _ = export(*int8("demo", own, pictures), "--version", 99, "--publish-anyway")
    assert status == 0
    assert (own / "demo" / "99-int8.md").exists()
