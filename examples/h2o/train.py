"""Iris flowers by H2O, as a MOJO. Training needs H2O and Java; serving needs Java and one jar.

    .venv/bin/pip install h2o==3.46.0.11
    .venv/bin/python -m examples.h2o.train models/iris
    export STFS_H2O_GENMODEL_JAR=$PWD/models/iris/h2o-genmodel.jar
    .venv/bin/python -m serving --model_name=iris --model_base_path=models/iris
    curl -d '{"data": {"sepal length (cm)": 5.1, "sepal width (cm)": 3.5,
        "petal length (cm)": 1.4, "petal width (cm)": 0.2}}' http://127.0.0.1:8501/

H2O has 266 MB; 3.46.0.11 is the last release that exports MOJOs without a licence of its own.
"""

from __future__ import annotations

import sys
from pathlib import Path

import h2o
from h2o.estimators import H2OGradientBoostingEstimator
from sklearn.datasets import load_iris


def main(folder: Path, version: int = 1) -> Path:
    """Train the model and write it as a version of FOLDER; return its file."""
    iris = load_iris(as_frame=True)
    rows = iris.data.assign(species=iris.target_names[iris.target])
    h2o.init(ip="127.0.0.1", nthreads=2, max_mem_size="512m", strict_version_check=False)
    frame = h2o.H2OFrame(rows, column_types={"species": "enum"})
    model = H2OGradientBoostingEstimator(ntrees=5, max_depth=3, seed=1)
    model.train(x=list(iris.data.columns), y="species", training_frame=frame)
    path = folder / str(version) / "model.mojo"
    path.parent.mkdir(parents=True, exist_ok=True)
    written = model.download_mojo(
        str(folder), get_genmodel_jar=True, genmodel_name=str(folder / "h2o-genmodel.jar")
    )
    Path(written).rename(path)
    h2o.cluster().shutdown()
    return path


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m examples.h2o.train FOLDER")
    sys.stdout.write(f"{main(Path(sys.argv[1]))}\n")
