"""Iris flowers by XGBoost, in its own format.

.venv/bin/python -m examples.xgboost.train models/iris
.venv/bin/python -m serving --model_name=iris --model_base_path=models/iris
curl -d '{"data": [[5.1, 3.5, 1.4, 0.2]]}' http://127.0.0.1:8501/
"""

from __future__ import annotations

import sys
from pathlib import Path

import xgboost
from sklearn.datasets import load_iris


def main(folder: Path, version: int = 1) -> Path:
    """Train the model and write it as a version of FOLDER; return its file."""
    iris = load_iris()
    model = xgboost.XGBClassifier(n_estimators=20, max_depth=3)
    model.fit(iris.data, iris.target)
    path = folder / str(version) / "model.ubj"
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save_model(path)
    return path


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m examples.xgboost.train FOLDER")
    sys.stdout.write(f"{main(Path(sys.argv[1]))}\n")
