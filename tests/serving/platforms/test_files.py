"""serving.platforms.files: which platform a version is of, by what lies in its folder."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from launch.supervisor import ROOT
from serving.errors import InvalidArgument, NotFound, ServingError
from serving.platforms.files import find
from serving.platforms.platform import NAMES, PLATFORMS, Platform, named
from tests.serving.platforms.conftest import load


def put(folder: Path, *names: str) -> Path:
    """Write empty files into the folder; return it."""
    for name in names:
        (folder / name).write_bytes(b"")
    return folder


@pytest.mark.parametrize(
    ("names", "platform", "model"),
    [
        (["saved_model.pb", "model.tflite"], "tensorflow", ""),
        (["saved_model.pbtxt"], "tensorflow", ""),
        (["flowers.keras"], "keras", "flowers.keras"),
        (["flowers.h5", "labels.txt"], "keras", "flowers.h5"),
        (["model.tflite", "README.md"], "tflite", "model.tflite"),
        (["model.onnx", "weights.bin"], "onnx", "model.onnx"),
        (["other.onnx", "model.onnx"], "onnx", "model.onnx"),
        (["model.pt", "signature.json"], "pytorch", "model.pt"),
        (["model.pt2"], "pytorch", "model.pt2"),
        (["a.skops", ".hidden.onnx"], "scikitlearn", "a.skops"),
        (["a.joblib"], "scikitlearn", "a.joblib"),
        (["a.ubj"], "xgboost", "a.ubj"),
        (["model.json"], "xgboost", "model.json"),
        (["a.pmml"], "pmml", "a.pmml"),
        (["a.mojo"], "h2o", "a.mojo"),
        (["something.else"], "tensorflow", ""),
    ],
    ids=lambda each: ",".join(each) if isinstance(each, list) else None,
)
def test_files_tell(tmp_path: Path, names: list[str], platform: str, model: str) -> None:
    found, path = find("auto", put(tmp_path, *names))
    assert (found.name, path) == (platform, tmp_path / model)


@pytest.mark.parametrize(
    ("said", "names", "model"),
    [
        ("xgboost", ["a.json"], "a.json"),
        ("xgboost", ["a.joblib"], "a.joblib"),
        ("pmml", ["a.xml"], "a.xml"),
        ("h2o", ["GBM_model.zip"], "GBM_model.zip"),
        ("onnx", ["a.onnx", "a.keras"], "a.onnx"),
        ("sklearn", ["a.skops"], "a.skops"),
        ("tflite", ["saved_model.pb", "a.tflite"], "a.tflite"),
    ],
)
def test_what_is_said_counts_for_more(
    tmp_path: Path, said: str, names: list[str], model: str
) -> None:
    assert find(said, put(tmp_path, *names)) == (named(said), tmp_path / model)


@pytest.mark.parametrize(
    ("said", "names", "words"),
    [
        ("auto", ["a.onnx", "a.keras"], "files of several platforms"),
        ("onnx", ["a.onnx", "b.onnx"], "several models"),
        ("onnx", ["a.keras"], r"no model of platform onnx .* expected: .*\.onnx.*found: a\.keras"),
        ("scikitlearn", [], "found: nothing"),
        ("tensorflow", ["a.skops"], "its model_platform is rather: scikitlearn"),
    ],
)
def test_what_does_not_fit_is_named(
    tmp_path: Path, said: str, names: list[str], words: str
) -> None:
    with pytest.raises((InvalidArgument, NotFound), match=words):
        find(said, put(tmp_path, *names))


@pytest.mark.parametrize("platform", PLATFORMS[1:], ids=lambda each: each.name)
def test_folder_without_a_model_says_what_is_expected(tmp_path: Path, platform: Platform) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "model.txt").write_text("")
    with pytest.raises(ServingError, match="expected: "):
        load(tmp_path, platform=platform.name)


_WITHOUT = """
import sys
sys.modules[sys.argv[1]] = None  # as if it were not installed
from pathlib import Path
from serving.flags import Flags
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.loading import Loader
base = Path(sys.argv[3])
Loader(Flags())(ModelConfig(name="m", base_path=base, platform=sys.argv[2]), base / "1")
"""


@pytest.mark.parametrize(
    ("module", "name", "file", "packages"),
    [
        ("tensorflow", "keras", "model.keras", "tensorflow"),
        ("onnxruntime", "onnx", "model.onnx", "onnxruntime"),
        ("torch", "pytorch", "model.pt", "torch"),
        ("skops", "scikitlearn", "model.skops", "scikit-learn skops"),
        ("xgboost", "xgboost", "model.ubj", "xgboost-cpu"),
        ("sklearn_pmml_model", "pmml", "model.pmml", "sklearn-pmml-model"),
    ],
)
def test_missing_package_is_named_with_what_installs_it(
    tmp_path: Path, module: str, name: str, file: str, packages: str
) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / file).write_bytes(b"")
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT, module, name, tmp_path],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = done.stderr.splitlines()[-1]
    assert f"platform {name} needs {module}, which is not installed: pip install" in said
    assert said.endswith(f"pip install {packages}")


def test_every_platform_is_in_the_table_of_the_document() -> None:
    text = (ROOT / "docs" / "platforms.md").read_text("utf-8")
    table = dict(re.findall(r"^\| `([a-z0-9]+)` \| (.+)$", text, re.MULTILINE))
    assert set(table) == {each.name for each in PLATFORMS}
    missing = [
        each.name
        for each in PLATFORMS
        for file in (*each.files, *each.others)
        if f"`{file.lstrip('*')}`" not in table[each.name]
    ]
    assert missing == []
    assert [each for each in NAMES if f"`{each}`" not in text] == []
