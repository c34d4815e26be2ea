"""Iris flowers by scikit-learn, written as PMML, which R, KNIME, SPSS and SAS write, too.

    .venv/bin/python -m examples.pmml.train models/iris
    .venv/bin/python -m serving --model_name=iris --model_base_path=models/iris
    curl -d '{"data": {"sepal length (cm)": 5.1, "sepal width (cm)": 3.5,
        "petal length (cm)": 1.4, "petal width (cm)": 0.2}}' http://127.0.0.1:8501/

Java programs that convert whole pipelines: sklearn2pmml and its like.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import SubElement

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

TARGET = "species"


def train() -> tuple[Any, Sequence[str]]:
    """Return the model and the names of what it takes."""
    iris = load_iris()
    model = LogisticRegression(max_iter=1000)
    return model.fit(iris.data, iris.target_names[iris.target]), iris.feature_names


def document(model: Any, names: Sequence[str]) -> ET.ElementTree[Any]:
    """Return a logistic regression as a RegressionModel of PMML 4.4."""
    root = ET.Element("PMML", version="4.4", xmlns="http://www.dmg.org/PMML-4_4")
    SubElement(root, "Header", description="Iris flowers")
    dictionary = SubElement(root, "DataDictionary")
    for name in names:
        SubElement(dictionary, "DataField", name=name, optype="continuous", dataType="double")
    target = SubElement(
        dictionary, "DataField", name=TARGET, optype="categorical", dataType="string"
    )
    regression = SubElement(
        root, "RegressionModel", functionName="classification", normalizationMethod="softmax"
    )
    schema = SubElement(regression, "MiningSchema")
    for name in names:
        SubElement(schema, "MiningField", name=name)
    SubElement(schema, "MiningField", name=TARGET, usageType="target")
    for kind, intercept, row in zip(model.classes_, model.intercept_, model.coef_, strict=True):
        SubElement(target, "Value", value=str(kind))
        table = SubElement(
            regression, "RegressionTable", targetCategory=str(kind), intercept=str(intercept)
        )
        for name, coefficient in zip(names, row, strict=True):
            SubElement(table, "NumericPredictor", name=name, coefficient=str(coefficient))
    ET.indent(root)
    return ET.ElementTree(root)


def main(folder: Path, version: int = 1) -> Path:
    """Train the model and write it as a version of FOLDER; return its file."""
    path = folder / str(version) / "model.pmml"
    path.parent.mkdir(parents=True, exist_ok=True)
    document(*train()).write(path, "utf-8", xml_declaration=True)
    return path


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m examples.pmml.train FOLDER")
    sys.stdout.write(f"{main(Path(sys.argv[1]))}\n")
