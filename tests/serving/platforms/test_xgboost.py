"""serving.platforms.xgboost: boosters from XGBoost's own files."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

from examples.xgboost import train
from serving.errors import InvalidArgument, PermissionDenied
from tests.serving.platforms.conftest import FLOWERS, Server, close_to, load, serve

ROWS = {"inputs": FLOWERS.astype(np.float32)}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    train.main(folder / "iris")
    return folder


@pytest.fixture(scope="module")
def server(models: Path) -> Iterator[Server]:
    with serve(models) as (found, _):
        yield found


def wanted(models: Path) -> Any:
    """Return the probabilities as XGBoost itself has them."""
    booster = xgboost.Booster(model_file=str(models / "iris" / "1" / "model.ubj"))
    return booster.predict(xgboost.DMatrix(FLOWERS))


def save(folder: Path, model: Any, name: str = "model.json") -> Path:
    """Write a model as version 1 of the folder; return the folder."""
    (folder / "1").mkdir()
    model.save_model(folder / "1" / name)
    return folder


def test_all_three_answer_as_xgboost(server: Server, models: Path) -> None:
    rest, simple = server.predict("iris", ROWS), server.simple("iris", FLOWERS.tolist())
    asked = server.grpc("iris", ROWS)
    assert rest["classes"] == simple["classes"] == asked["classes"].tolist() == [0, 1, 2]
    assert all(close_to(each["result"], wanted(models)) for each in (rest, simple, asked))


def test_metadata_says_what_it_takes_and_gives(server: Server) -> None:
    signature = server.metadata("iris")["serving_default"]
    assert signature["inputs"]["inputs"]["dtype"] == "DT_FLOAT"
    assert signature["outputs"]["classes"]["dtype"] == "DT_INT64"
    assert signature["outputs"]["result"]["tensor_shape"]["dim"][1]["size"] == "3"


def test_two_classes(tmp_path: Path) -> None:
    data, target = load_breast_cancer(return_X_y=True)
    model = xgboost.XGBClassifier(n_estimators=5).fit(data, target)
    answer = load(save(tmp_path, model)).run("serving_default", {"inputs": data[:50]})
    assert answer["classes"].tolist() == model.predict(data[:50]).tolist()
    assert close_to(answer["result"], model.predict_proba(data[:50])[:, 1])


@pytest.mark.parametrize("booster", ["gbtree", "gblinear"])
@pytest.mark.filterwarnings("ignore:.*gblinear")
def test_numbers(tmp_path: Path, booster: str) -> None:
    data, target = load_diabetes(return_X_y=True)
    model = xgboost.XGBRegressor(n_estimators=5, booster=booster).fit(data, target)
    answer = load(save(tmp_path, model)).run("serving_default", {"inputs": data[:5]})
    assert list(answer) == ["result"]
    assert close_to(answer["result"], model.predict(data[:5]))


def test_trees_after_the_best_are_not_asked(tmp_path: Path) -> None:
    data, target = load_diabetes(return_X_y=True)
    model = xgboost.XGBRegressor(n_estimators=200, early_stopping_rounds=3, learning_rate=1.0)
    model.fit(data[:300], target[:300], eval_set=[(data[300:], target[300:])], verbose=False)
    answer = load(save(tmp_path, model, "m.ubj")).run("serving_default", {"inputs": data[:5]})
    assert model.best_iteration < model.get_booster().num_boosted_rounds() - 1
    assert close_to(answer["result"], model.predict(data[:5]))


def test_nan_is_what_is_missing(models: Path) -> None:
    given = np.full((1, 4), np.nan, np.float32)
    answer = load(models / "iris").run("serving_default", {"inputs": given}, ["result"])
    assert answer["result"].sum() == pytest.approx(1)


def test_any_json_file_where_the_platform_is_said(tmp_path: Path) -> None:
    model = xgboost.XGBClassifier(n_estimators=2).fit(*load_iris(return_X_y=True))
    folder = save(tmp_path, model, "flowers.json")
    assert load(folder, platform="xgboost").run("serving_default", ROWS)["classes"].shape == (3,)


def test_pickle_needs_consent(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    model = xgboost.XGBClassifier(n_estimators=2).fit(*load_iris(return_X_y=True))
    (tmp_path / "1" / "model.pkl").write_bytes(pickle.dumps(model))
    with pytest.raises(PermissionDenied, match=r"model.pkl is a pickle"):
        load(tmp_path, platform="xgboost")
    served = load(tmp_path, platform="xgboost", allow_models_that_run_code=True)
    assert served.run("serving_default", ROWS)["classes"].tolist() == [0, 1, 2]


def test_pickle_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "model.pkl").write_bytes(pickle.dumps({"no": "booster"}))
    with pytest.raises(InvalidArgument, match="holds no model of XGBoost: dict"):
        load(tmp_path, platform="xgboost", allow_models_that_run_code=True)


@pytest.mark.parametrize("name", ["model.ubj", "model.json"])
@pytest.mark.parametrize("content", [b"nothing of the kind", b"{}", b""])
def test_file_that_is_no_model(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / name).write_bytes(content)
    with pytest.raises(InvalidArgument, match="not a model of XGBoost") as caught:
        load(tmp_path)
    assert "Stack trace" not in str(caught.value)


def test_rows_that_it_cannot_take(models: Path) -> None:
    served = load(models / "iris")
    with pytest.raises(InvalidArgument, match=r"expected shape \[-1, 4\], found \[3, 3\]"):
        served.run("serving_default", {"inputs": FLOWERS[:, :3]})
    with pytest.raises(InvalidArgument, match="expected numbers, found DT_STRING"):
        served.run("serving_default", {"inputs": np.array([[b"x"] * 4], np.object_)})
