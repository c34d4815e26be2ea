"""Iris flowers by scikit-learn, saved by skops.

.venv/bin/python -m examples.scikitlearn.train models/iris
.venv/bin/python -m serving --model_name=iris --model_base_path=models/iris
curl -d '{"data": [[5.1, 3.5, 1.4, 0.2]]}' http://127.0.0.1:8501/
"""

from __future__ import annotations

import sys
from pathlib import Path

import skops.io
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def main(folder: Path, version: int = 1) -> Path:
    """Train the model and write it as a version of FOLDER; return its file."""
    iris = load_iris()
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(iris.data, iris.target_names[iris.target])
    path = folder / str(version) / "model.skops"
    path.parent.mkdir(parents=True, exist_ok=True)
    skops.io.dump(model, path)
    return path


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m examples.scikitlearn.train FOLDER")
    sys.stdout.write(f"{main(Path(sys.argv[1]))}\n")
