"""serving.platforms.pmml: documents that sklearn-pmml-model reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris

from examples.pmml import train
from serving.errors import InvalidArgument
from tests.serving.platforms.conftest import (
    FLOWERS,
    SPECIES,
    Server,
    close_to,
    columns,
    load,
    serve,
)

TREE = """<?xml version="1.0"?>
<PMML version="4.4" xmlns="http://www.dmg.org/PMML-4_4">
 <DataDictionary>
  <DataField name="weather" optype="categorical" dataType="string">
   <Value value="rain"/>
   <Value value="sun"/>
  </DataField>
  <DataField name="wind" optype="continuous" dataType="double"/>
  <DataField name="go" optype="categorical" dataType="string">
   <Value value="no"/>
   <Value value="yes"/>
  </DataField>
 </DataDictionary>
 <TreeModel functionName="classification" splitCharacteristic="binarySplit">
  <MiningSchema>
   <MiningField name="weather"/>
   <MiningField name="wind"/>
   <MiningField name="go" usageType="target"/>
  </MiningSchema>
  <Node id="1" score="no">
   <True/>
   <ScoreDistribution value="no" recordCount="4"/>
   <ScoreDistribution value="yes" recordCount="2"/>
   <Node id="2" score="no">
    <SimpleSetPredicate field="weather" booleanOperator="isIn">
     <Array type="string">"rain"</Array>
    </SimpleSetPredicate>
    <ScoreDistribution value="no" recordCount="4"/>
    <ScoreDistribution value="yes" recordCount="0"/>
   </Node>
   <Node id="3" score="yes">
    <SimpleSetPredicate field="weather" booleanOperator="isIn">
     <Array type="string">"sun"</Array>
    </SimpleSetPredicate>
    <ScoreDistribution value="no" recordCount="0"/>
    <ScoreDistribution value="yes" recordCount="2"/>
   </Node>
  </Node>
 </TreeModel>
</PMML>
"""


LINEAR = """<?xml version="1.0"?>
<PMML version="4.4" xmlns="http://www.dmg.org/PMML-4_4">
 <DataDictionary>
  <DataField name="weather" optype="categorical" dataType="string">
   <Value value="rain"/>
   <Value value="sun"/>
  </DataField>
  <DataField name="wind" optype="continuous" dataType="double"/>
  <DataField name="walkers" optype="continuous" dataType="double"/>
 </DataDictionary>
 <RegressionModel functionName="regression">
  <MiningSchema>
   <MiningField name="weather"/>
   <MiningField name="wind"/>
   <MiningField name="walkers" usageType="target"/>
  </MiningSchema>
  <RegressionTable intercept="0">
   <NumericPredictor name="wind" coefficient="2"/>
   <CategoricalPredictor name="weather" value="sun" coefficient="10"/>
   <CategoricalPredictor name="weather" value="rain" coefficient="0"/>
  </RegressionTable>
 </RegressionModel>
</PMML>
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    train.main(folder / "iris")
    return folder


@pytest.fixture(scope="module")
def server(models: Path) -> Iterator[Server]:
    with serve(models) as (found, _):
        yield found


def test_all_three_answer_as_the_model_that_was_trained(server: Server) -> None:
    wanted = train.train()[0].predict_proba(FLOWERS)
    data = {name: each.tolist() for name, each in columns().items()}
    rest, simple = server.predict("iris", columns()), server.simple("iris", data)
    asked = server.grpc("iris", columns())
    assert asked["predict"].tolist() == SPECIES
    assert rest["predict"] == simple["predict"] == [each.decode() for each in SPECIES]
    assert all(close_to(each["predict_proba"], wanted) for each in (rest, simple, asked))


def test_one_flower_as_openscoring_has_it(server: Server) -> None:
    data = {name: float(each[0]) for name, each in columns().items()}
    assert server.simple("iris", data)["predict"] == ["setosa"]


def test_metadata_names_the_fields(server: Server) -> None:
    inputs = server.metadata("iris")["serving_default"]["inputs"]
    assert list(inputs) == load_iris().feature_names
    assert {each["dtype"] for each in inputs.values()} == {"DT_DOUBLE"}


def write(folder: Path, text: str) -> Path:
    """Write a document as version 1 of the folder; return the folder."""
    (folder / "1").mkdir()
    (folder / "1" / "model.pmml").write_text(text)
    return folder


def test_categories_are_strings(tmp_path: Path) -> None:
    served = load(write(tmp_path, TREE))
    given = {"weather": np.array([b"sun", b"rain"], np.object_), "wind": np.zeros(2)}
    assert served.signatures["serving_default"].inputs["weather"].dtype == "DT_STRING"
    assert served.run("serving_default", given)["predict"].tolist() == [b"yes", b"no"]


def test_category_that_is_unknown(tmp_path: Path) -> None:
    given = {"weather": np.array([b"fog"], np.object_), "wind": np.zeros(1)}
    with pytest.raises(InvalidArgument, match="weather: 'fog' is none of rain, sun"):
        load(write(tmp_path, TREE)).run("serving_default", given)


def test_linear_model_of_categories(tmp_path: Path) -> None:
    served = load(write(tmp_path, LINEAR))
    given = {"weather": np.array([b"sun", b"rain"], np.object_), "wind": np.array([1.0, 2.0])}
    assert served.run("serving_default", given)["predict"].tolist() == [12.0, 4.0]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({"wind": np.zeros(3)}, r"one shape, \[batch\]; found: weather \[2\], wind \[3\]"),
        ({"wind": np.zeros((2, 1))}, r"one shape, \[batch\]"),
    ],
    ids=["more", "deeper"],
)
def test_rows_that_it_cannot_take(tmp_path: Path, rows: dict[str, Any], words: str) -> None:
    served = load(write(tmp_path, TREE))
    given = {"weather": np.array([b"sun", b"rain"], np.object_)}
    with pytest.raises(InvalidArgument, match=words):
        served.run("serving_default", {**given, **rows})


@pytest.mark.parametrize(
    "text",
    ["nothing of the kind", "<PMML/>", TREE.replace("double", "dateTime"), TREE[:900]],
    ids=["text", "empty", "date", "cut"],
)
def test_document_that_is_no_model(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidArgument, match=r"not a PMML document|is of type dateTime"):
        load(write(tmp_path, text))
