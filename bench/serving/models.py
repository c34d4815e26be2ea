"""`python -m bench.serving.models FOLDER`: the models of bench.serving, each in fp32 and in int8.

FOLDER/demo/1 and /2, FOLDER/resnet50/1 and /2. What the demo classifier is right for, before and
after, goes to FOLDER/accuracy.json. ResNet-50 has random weights: its speed is the same.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

from launch.supervisor import say

_PICTURES = 1200  # 200 to calibrate by, 1,000 to compare on
_FEW = 30  # for ResNet-50, whose answers mean nothing


def main(folder: Path) -> int:
    """Make the models."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from serving.export.command import MODELS
    from serving.export.int8 import export_int8
    from serving.train import pictures

    pictures.write(folder / "pictures", _PICTURES)
    pictures.write(folder / "few", _FEW)
    shutil.copytree(MODELS / "demo" / "1", folder / "demo" / "1")
    _, found = export_int8(folder / "demo", folder / "pictures", None, say)
    if found.accuracy is not None:
        (folder / "accuracy.json").write_text(json.dumps(found.accuracy), "utf-8")
    save_resnet(folder)
    export_int8(folder / "resnet50", folder / "few", None, say, anyway=True)
    return 0


def save_resnet(folder: Path) -> None:
    """Save ResNet-50 with random weights as FOLDER/resnet50/1."""
    import keras

    from serving.export.classifier import save_classifier
    from serving.export.keras_application import build

    keras.utils.set_random_seed(1)
    weights = folder / "random.weights.h5"
    keras.applications.ResNet50(weights=None).save_weights(weights)
    save_classifier(build("resnet50", weights), folder / "resnet50", 1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
