"""assets.extra/tf_serving_warmup_requests: the first follower need not wait for the first call.

A TFRecord file of PredictionLog; TensorFlow Serving replays it after loading and before a version
becomes available (tensorflow_serving/g3doc/saved_model_warmup.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import tensorflow as tf

from serving.protocol.prediction_log_pb2 import PredictionLog
from serving.protocol.tensor_pb2 import DataType


def write_warmup(model: Path, name: str, requests: Sequence[Mapping[str, Sequence[bytes]]]) -> None:
    """Write one serving_default request for each mapping of input name to a batch of strings."""
    path = model / "assets.extra" / "tf_serving_warmup_requests"
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as records:
        for inputs in requests:
            records.write(_predict_log(name, inputs).SerializeToString())


def _predict_log(name: str, inputs: Mapping[str, Sequence[bytes]]) -> PredictionLog:
    log = PredictionLog()
    request = log.predict_log.request
    request.model_spec.name = name
    request.model_spec.signature_name = "serving_default"
    for key, batch in inputs.items():
        tensor = request.inputs[key]
        tensor.dtype = DataType.DT_STRING
        tensor.tensor_shape.dim.add(size=len(batch))
        tensor.string_val.extend(batch)
    return log
