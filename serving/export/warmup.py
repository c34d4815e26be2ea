"""assets.extra/tf_serving_warmup_requests: the first follower need not wait for the first call.

TensorFlow prepares the graph anew for each signature, which takes seconds for a large network.

A TFRecord file of PredictionLog; TensorFlow Serving replays it after loading and before a version
becomes available (tensorflow_serving/g3doc/saved_model_warmup.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import tensorflow as tf

from serving.protocol.prediction_log_pb2 import PredictionLog
from serving.protocol.tensor_pb2 import DataType

Inputs = Mapping[str, Sequence[bytes]]  # name -> a batch of strings


def write_warmup(model: Path, name: str, requests: Mapping[str, Sequence[Inputs]]) -> None:
    """Write so many requests for each signature."""
    path = model / "assets.extra" / "tf_serving_warmup_requests"
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as records:
        for signature, batches in requests.items():
            for inputs in batches:
                records.write(_predict_log(name, signature, inputs).SerializeToString())


def _predict_log(name: str, signature: str, inputs: Inputs) -> PredictionLog:
    log = PredictionLog()
    request = log.predict_log.request
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    for key, batch in inputs.items():
        tensor = request.inputs[key]
        tensor.dtype = DataType.DT_STRING
        tensor.tensor_shape.dim.add(size=len(batch))
        tensor.string_val.extend(batch)
    return log
