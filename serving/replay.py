"""Asks a model once more what a log says it was asked: its warm-up.

Source: RunWarmupRequest in tensorflow_serving/servables/tensorflow/saved_model_warmup.cc.
"""

from __future__ import annotations

from serving.errors import Unimplemented
from serving.inference import classify, regress
from serving.multi_inference import multi_inference
from serving.prediction import predict
from serving.protocol.prediction_log_pb2 import PredictionLog
from serving.protocol.prediction_service_pb2 import ModelSpec
from serving.protocol.signature import DEFAULT
from serving.servable import Servable


def replay(servable: Servable, log: PredictionLog) -> None:
    """Run the request of the log, whatever its kind; raise ServingError."""
    match log.WhichOneof("log_type"):
        case "predict_log":
            predict(servable, log.predict_log.request)
        case "classify_log":
            request = log.classify_log.request
            classify(servable, _name(request.model_spec), request.input, strict=False)
        case "regress_log":
            asked = log.regress_log.request
            regress(servable, _name(asked.model_spec), asked.input, strict=False)
        case "multi_inference_log":
            multi_inference(servable, log.multi_inference_log.request, strict=False)
        case _:
            raise Unimplemented("Unsupported log_type for warmup")


def _name(spec: ModelSpec) -> str:
    return spec.signature_name or DEFAULT
