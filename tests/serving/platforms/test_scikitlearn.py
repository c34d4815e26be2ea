"""serving.platforms.scikitlearn: skops by itself, pickles with consent."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.ensemble import RandomForestClassifier as Forest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from examples.scikitlearn import train
from launch.supervisor import ROOT
from serving.errors import FailedPrecondition, InvalidArgument, PermissionDenied
from tests.serving.platforms.conftest import FLOWERS, SPECIES, Server, close_to, load, serve

IRIS = load_iris()
ROWS = {"inputs": FLOWERS}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    train.main(folder / "iris")
    return folder


@pytest.fixture(scope="module")
def server(models: Path) -> Iterator[Server]:
    with serve(models) as (found, _):
        yield found


@pytest.fixture(scope="module")
def wanted(models: Path) -> Any:
    """Probabilities as scikit-learn itself has them."""
    return skops.io.load(models / "iris" / "1" / "model.skops").predict_proba(FLOWERS)


def save(folder: Path, model: Any) -> Path:
    """Write a model as version 1 of the folder; return the folder."""
    (folder / "1").mkdir()
    skops.io.dump(model, folder / "1" / "model.skops")
    return folder


def test_example_runs_as_its_head_says(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "examples.scikitlearn.train", str(tmp_path / "iris")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()) == tmp_path / "iris" / "1" / "model.skops"


def test_rest_answers_as_scikit_learn(server: Server, wanted: Any) -> None:
    answer = server.predict("iris", ROWS)
    assert answer["predict"] == [each.decode() for each in SPECIES]
    assert close_to(answer["predict_proba"], wanted)
    assert close_to(answer["predict_log_proba"], np.log(wanted))


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_grpc_answers_as_scikit_learn(server: Server, wanted: Any, kind: str) -> None:
    answer = server.grpc("iris", {"inputs": FLOWERS.astype(kind)})
    assert answer["predict"].tolist() == SPECIES
    assert close_to(answer["predict_proba"], wanted)


def test_clients_of_simple_tensorflow_serving_are_answered(server: Server, wanted: Any) -> None:
    answer = server.simple("iris", FLOWERS.tolist())
    assert list(answer) == ["predict", "predict_proba", "predict_log_proba"]
    assert close_to(answer["predict_proba"], wanted)


def test_each_method_is_a_signature_of_its_own(server: Server, wanted: Any) -> None:
    assert close_to(server.predict("iris", ROWS, "predict_proba"), wanted)
    assert list(server.grpc("iris", ROWS, "decision_function")) == ["decision_function"]


def test_metadata_says_what_it_takes_and_gives(server: Server) -> None:
    signature = server.metadata("iris")["serving_default"]
    sizes = [each["size"] for each in signature["inputs"]["inputs"]["tensor_shape"]["dim"]]
    kinds = {name: each["dtype"] for name, each in signature["outputs"].items()}
    assert (signature["inputs"]["inputs"]["dtype"], sizes) == ("DT_DOUBLE", ["-1", "4"])
    assert kinds["predict"] == "DT_STRING"
    assert kinds["predict_proba"] == "DT_DOUBLE"


@pytest.mark.parametrize(
    "model",
    [
        Forest(3), GradientBoostingClassifier(n_estimators=2), SVC(),
        HistGradientBoostingClassifier(max_iter=2), MLPClassifier(max_iter=1000),
    ],
    ids=lambda each: type(each).__name__,
)  # fmt: skip
def test_classifiers_need_no_consent(tmp_path: Path, model: Any) -> None:
    model.fit(IRIS.data, IRIS.target)
    answer = load(save(tmp_path, model)).run("predict", ROWS)
    assert answer["predict"].tolist() == model.predict(FLOWERS).tolist()


def test_regression_clusters_and_transformers(tmp_path: Path) -> None:
    for name, model in (("ridge", Ridge()), ("means", KMeans(3, n_init=1)), ("pca", PCA(2))):
        (tmp_path / name).mkdir()
        save(tmp_path / name, model.fit(IRIS.data, IRIS.target))
    ridge, means, pca = (load(tmp_path / each) for each in ("ridge", "means", "pca"))
    assert ridge.run("serving_default", ROWS)["predict"].dtype == np.float64
    assert set(means.run("serving_default", ROWS)["predict"].tolist()) <= {0, 1, 2}
    assert pca.run("serving_default", ROWS)["transform"].shape == (3, 2)


def test_texts_are_strings(tmp_path: Path) -> None:
    model = make_pipeline(TfidfVectorizer(analyzer="char"), LogisticRegression())
    model.fit(["猫在睡觉", "狗在跑步"], ["猫", "狗"])
    served = load(save(tmp_path, model))
    given = np.array(["一只猫".encode(), "一只狗".encode()], np.object_)
    answer = served.run("serving_default", {"inputs": given})
    assert [each.decode() for each in answer["predict"]] == ["猫", "狗"]
    with pytest.raises(InvalidArgument, match="expected text in UTF-8; found: byte 0xff"):
        served.run("serving_default", {"inputs": np.array([b"\xff"], np.object_)})


def test_columns_with_names_are_known(tmp_path: Path) -> None:
    frame = load_iris(as_frame=True)
    model = LogisticRegression(max_iter=1000).fit(frame.data, frame.target)
    answer = load(save(tmp_path, model)).run("serving_default", ROWS)
    assert answer["predict"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (FLOWERS[:, :3], "X has 3 features"),
        (FLOWERS[0], "Expected 2D array"),
        (np.full((1, 4), np.nan), "contains NaN"),
        (np.array([[b"x"] * 4], np.object_), "expected numbers, found DT_STRING"),
    ],
    ids=["narrow", "flat", "nan", "text"],
)
def test_rows_that_it_cannot_take(models: Path, rows: Any, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        load(models / "iris").run("serving_default", {"inputs": rows})


class Harmful:
    """What writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._path,)


@pytest.mark.parametrize("ending", ["pkl", "pickle", "joblib"])
def test_pickle_without_consent_is_not_even_opened(tmp_path: Path, ending: str) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / f"m.{ending}").write_bytes(pickle.dumps(Harmful(tmp_path / "harm")))
    with pytest.raises(PermissionDenied, match="--allow_models_that_run_code"):
        load(tmp_path)
    assert not (tmp_path / "harm").exists()


def test_pickle_with_consent_is_served(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    model = LogisticRegression(max_iter=1000).fit(IRIS.data, IRIS.target)
    joblib.dump(model, tmp_path / "1" / "model.joblib")
    answer = load(tmp_path, allow_models_that_run_code=True).run("predict", ROWS)
    assert answer["predict"].tolist() == [0, 1, 2]


def test_pickle_of_a_package_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "model.pkl").write_bytes(b"cno_such_package\nModel\n.")
    with pytest.raises(FailedPrecondition, match="not installed here: no_such_package"):
        load(tmp_path, allow_models_that_run_code=True)


def test_function_in_a_skops_file_needs_consent(tmp_path: Path) -> None:
    model = make_pipeline(FunctionTransformer(np.save), PCA(2))
    with pytest.raises(PermissionDenied, match=r"holds numpy.save, which skops does not know"):
        load(save(tmp_path, model))


def test_damaged_tree_is_found_before_it_is_asked(tmp_path: Path) -> None:
    forest = Forest(2).fit(IRIS.data, IRIS.target)
    forest.estimators_[1].tree_.children_left[0] = 10_000
    with pytest.raises(InvalidArgument, match="decision tree in it is damaged"):
        load(save(tmp_path, forest))


@pytest.mark.parametrize("model", [{"no": "estimator"}, LogisticRegression()], ids=["dict", "new"])
def test_what_is_no_fitted_estimator(tmp_path: Path, model: Any) -> None:
    with pytest.raises(InvalidArgument, match="is no fitted estimator"):
        load(save(tmp_path, model))


@pytest.mark.parametrize("content", [b"nothing of the kind", b""])
def test_file_that_is_no_model(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "model.skops").write_bytes(content)
    with pytest.raises(InvalidArgument, match="is no model that skops has saved"):
        load(tmp_path)
