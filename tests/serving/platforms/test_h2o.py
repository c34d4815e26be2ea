"""serving.platforms.h2o: a MOJO that examples/h2o has made, by H2O's own jar.

The jar is STFS_H2O_GENMODEL_JAR, or what requirements/optional has left in .venv.
"""

from __future__ import annotations

import concurrent.futures
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from launch.supervisor import ROOT
from serving.errors import FailedPrecondition, InvalidArgument
from tests.serving.platforms.conftest import (
    FLOWERS,
    SPECIES,
    Server,
    close_to,
    columns,
    load,
    serve,
)

JAR = Path(os.environ.get("STFS_H2O_GENMODEL_JAR", ROOT / ".venv" / "h2o" / "h2o.jar"))
MOJO = Path(__file__).with_name("iris.mojo")
# What H2O said itself of these flowers when it had trained the model.
WANTED = [[0.626034, 0.187001, 0.186965], [0.206092, 0.528756, 0.265152]]
WANTED += [[0.186220, 0.190053, 0.623727]]

with_java = pytest.mark.skipif(
    not JAR.exists() or shutil.which("java") is None,
    reason="there is no Java, or no jar of H2O: requirements/optional",
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    (folder / "iris" / "1").mkdir(parents=True)
    shutil.copy(MOJO, folder / "iris" / "1" / "model.mojo")
    return folder


@pytest.fixture(scope="module")
def server(models: Path) -> Iterator[Server]:
    with serve(models, h2o_genmodel_jar=JAR) as (found, _):
        yield found


@with_java
def test_all_three_answer_as_h2o(server: Server) -> None:
    data = {name: each.tolist() for name, each in columns().items()}
    rest, simple = server.predict("iris", columns()), server.simple("iris", data)
    asked = server.grpc("iris", columns())
    assert asked["predict"].tolist() == SPECIES
    assert rest["predict"] == simple["predict"] == [each.decode() for each in SPECIES]
    assert all(close_to(each["predict_proba"], WANTED) for each in (rest, simple, asked))


@with_java
def test_metadata_names_the_columns(server: Server) -> None:
    signature = server.metadata("iris")["serving_default"]
    sizes = signature["outputs"]["predict_proba"]["tensor_shape"]["dim"]
    assert list(signature["inputs"]) == list(columns())
    assert [each["size"] for each in sizes] == ["-1", "3"]


@with_java
def test_many_threads_get_their_own_answers(models: Path) -> None:
    served = load(models / "iris", h2o_genmodel_jar=JAR)
    given = [columns(np.roll(FLOWERS, shift, axis=0)) for shift in range(12)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda each: served.run("serving_default", each)["predict"], given)
        assert [each.tolist() for each in found] == [
            np.roll(np.array(SPECIES), shift).tolist() for shift in range(12)
        ]


@with_java
def test_nan_is_what_is_missing_and_one_value_is_one_row(models: Path) -> None:
    served = load(models / "iris", h2o_genmodel_jar=JAR)
    given = {name: np.array(np.nan) for name in columns()}
    assert served.run("serving_default", given)["predict_proba"].shape == (1, 3)


@with_java
@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (np.array([b"x"] * 3, np.object_), "expected numbers, found DT_STRING"),
        (np.zeros(2), r"inputs of one shape"),
        (np.zeros((3, 1)), r"expected shape \[batch\], found \[3, 1\]"),
    ],
    ids=["text", "short", "deep"],
)
def test_rows_that_it_cannot_take(models: Path, rows: Any, words: str) -> None:
    served = load(models / "iris", h2o_genmodel_jar=JAR)
    with pytest.raises(InvalidArgument, match=words):
        served.run("serving_default", {**columns(), "petal width (cm)": rows})


@with_java
def test_archive_that_is_no_mojo(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    with zipfile.ZipFile(tmp_path / "1" / "model.zip", "w") as archive:
        archive.writestr("model.txt", "nothing of the kind")
    with pytest.raises(InvalidArgument, match="not a MOJO that can be served"):
        load(tmp_path, platform="h2o", h2o_genmodel_jar=JAR)


def test_file_that_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "model.mojo").write_bytes(b"nothing of the kind")
    with pytest.raises(InvalidArgument, match="it is no zip archive"):
        load(tmp_path)


def test_without_a_jar_the_flag_is_named(models: Path) -> None:
    with pytest.raises(FailedPrecondition, match="needs --h2o_genmodel_jar=PATH"):
        load(models / "iris")


def test_jar_that_is_not_there(models: Path, tmp_path: Path) -> None:
    with pytest.raises(FailedPrecondition, match="there is no such file"):
        load(models / "iris", h2o_genmodel_jar=tmp_path / "h2o.jar")
