"""assets.extra/tf_serving_warmup_requests: the first follower need not wait for the first call.

TensorFlow prepares the graph anew for each signature, which takes seconds for a large network.

A TFRecord file of PredictionLog; TensorFlow Serving replays it after loading and before a version
becomes available (tensorflow_serving/g3doc/saved_model_warmup.md).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import tensorflow as tf

from serving.protocol.prediction_log_pb2 import PredictionLog
from serving.protocol.tensor_pb2 import DataType


def write_warmup(
    model: Path,
    name: str,
    requests: Sequence[Mapping[str, Sequence[bytes]]],
    signatures: Sequence[str] = ("serving_default",),
) -> None:
    """Write one request for each signature and mapping of input name to a batch of strings."""
    path = model / "assets.extra" / "tf_serving_warmup_requests"
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as records:
        for signature, inputs in itertools.product(signatures, requests):
            records.write(_predict_log(name, signature, inputs).SerializeToString())


def _predict_log(name: str, signature: str, inputs: Mapping[str, Sequence[bytes]]) -> PredictionLog:
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
