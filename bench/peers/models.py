"""`python -m bench.peers.models FOLDER`: the models of bench.peers, each as FOLDER/NAME/1.

FOLDER/simple/NAME/1 is the same for Simple TensorFlow Serving, which takes no model that
TensorFlow 2 saved: of several signatures it may take the one without inputs, and it answers no
strings. There, the one signature that is asked is all there is, without outputs that are strings.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from bench.peers.lineup import MODELS, Model

_INITIALISE = "__saved_model_init_op"  # TensorFlow 2's signature for it
_MAIN_OP = "saved_model_main_op"  # TensorFlow 1's collection


def main(folder: Path) -> int:
    """Make the models."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from bench.serving.models import save_resnet
    from serving.export.command import MODELS as SHIPPED

    for name in ("demo", "vqa"):
        shutil.copytree(SHIPPED / name / "1", folder / name / "1")
    save_resnet(folder)
    for model in MODELS:
        target = folder / "simple" / model.name / "1"
        shutil.copytree(folder / model.name / "1", target)
        simplify(target / "saved_model.pb", model)
    return 0


def simplify(path: Path, model: Model) -> None:
    """Leave one signature of a SavedModel, as serving_default and without strings for outputs."""
    from tensorflow.core.framework import types_pb2
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    saved = SavedModel.FromString(path.read_bytes())
    (graph,) = saved.meta_graphs
    kept = graph.signature_def[model.signature].__deepcopy__()
    for name in [key for key, info in kept.outputs.items() if info.dtype == types_pb2.DT_STRING]:
        del kept.outputs[name]
    if _INITIALISE in graph.signature_def and _MAIN_OP not in graph.collection_def:
        for info in graph.signature_def[_INITIALISE].outputs.values():
            graph.collection_def[_MAIN_OP].node_list.value.append(info.name)
    graph.ClearField("signature_def")
    graph.signature_def["serving_default"].CopyFrom(kept)
    path.write_bytes(saved.SerializeToString())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
