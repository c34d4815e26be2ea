"""tensorflow.serving.PredictionService: messages in, messages out.

Sources: tensorflow_serving/model_servers/prediction_service_impl.cc and the order of checks in
servables/tensorflow/{predict_impl,classification_service,multi_inference_helper}.cc and
get_model_metadata_impl.cc.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from serving import inference, multi_inference, prediction
from serving.errors import InvalidArgument
from serving.flags import Flags
from serving.lifecycle.catalogue import Catalogue
from serving.monitoring.measured import measured
from serving.monitoring.metrics import Metrics
from serving.protocol import tensor
from serving.protocol.prediction_service_pb2 import (
    ClassificationRequest,
    ClassificationResponse,
    GetModelMetadataRequest,
    GetModelMetadataResponse,
    ModelSpec,
    MultiInferenceRequest,
    MultiInferenceResponse,
    PredictRequest,
    PredictResponse,
    RegressionRequest,
    RegressionResponse,
    SignatureDefMap,
)
from serving.protocol.signature import DEFAULT, as_message
from serving.servable import Served

_SIGNATURES = "signature_def"  # the one metadata_field that there is
_ANY = "type.googleapis.com/tensorflow.serving.SignatureDefMap"


class _Asking(Protocol):
    """A request that names a model."""

    @property
    def model_spec(self) -> ModelSpec: ...

    def HasField(self, name: str, /) -> bool: ...  # noqa: N802  # protobuf's


class PredictionService:
    """The five calls. Each raises ServingError where gRPC is to give a status other than OK."""

    NAME = "tensorflow.serving.PredictionService"

    def __init__(self, catalogue: Catalogue, flags: Flags, metrics: Metrics) -> None:
        """Answer for these models."""
        self._catalogue, self._metrics = catalogue, metrics
        self._content = flags.enable_serialization_as_tensor_content
        self._strict = flags.enable_signature_method_name_check
        self.calls: dict[str, tuple[type[Any], Callable[[Any], Any]]] = {
            "Predict": (PredictRequest, self._counted("Predict", self.predict)),
            "Classify": (ClassificationRequest, self._counted("Classify", self.classify)),
            "Regress": (RegressionRequest, self._counted("Regress", self.regress)),
            "MultiInference": (
                MultiInferenceRequest,
                self._counted("MultiInference", self.multi_inference),
            ),
            "GetModelMetadata": (GetModelMetadataRequest, self.get_model_metadata),
        }

    def _counted(self, api: str, call: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def counted(request: Any) -> Any:
            with self._metrics.request(_spec_of(request).name, api, "GRPC"):
                return call(request)

        return counted

    def predict(self, request: PredictRequest) -> PredictResponse:
        """Run any signature on tensors."""
        with self._use(request, "Predict") as served:
            outputs = prediction.predict(served.servable, request)
            response = PredictResponse(model_spec=_spec(served, request.model_spec))
        for name, array in outputs.items():
            response.outputs[name].CopyFrom(tensor.to_proto(array, content=self._content))
        return response

    def classify(self, request: ClassificationRequest) -> ClassificationResponse:
        """Run a signature on tf.Examples, for labels and scores."""
        with self._use(request, "Classify") as served:
            spec = _spec(served, request.model_spec)
            result = inference.classify(
                served.servable, spec.signature_name, request.input, strict=self._strict
            )
        return ClassificationResponse(model_spec=spec, result=result)

    def regress(self, request: RegressionRequest) -> RegressionResponse:
        """Run a signature on tf.Examples, for one value each."""
        with self._use(request, "Regress") as served:
            spec = _spec(served, request.model_spec)
            result = inference.regress(
                served.servable, spec.signature_name, request.input, strict=self._strict
            )
        return RegressionResponse(model_spec=spec, result=result)

    def multi_inference(self, request: MultiInferenceRequest) -> MultiInferenceResponse:
        """Run several such signatures of one model on the same tf.Examples."""
        response = MultiInferenceResponse()
        with (
            _use(self._catalogue, _spec_of(request)) as found,
            measured(found, self._metrics, "MultiInference") as served,
        ):
            results = multi_inference.multi_inference(served.servable, request, strict=self._strict)
            for task, result in zip(request.tasks, results, strict=True):
                result.model_spec.CopyFrom(_spec(served, task.model_spec))
        response.results.extend(results)
        return response

    def get_model_metadata(self, request: GetModelMetadataRequest) -> GetModelMetadataResponse:
        """Return the signatures of a model."""
        if not request.HasField("model_spec"):
            raise InvalidArgument("Missing ModelSpec")
        _check_fields(request.metadata_field)
        response = GetModelMetadataResponse()
        with _use(self._catalogue, request.model_spec) as served:
            response.model_spec.name = served.name
            response.model_spec.version.value = served.version
            signatures = SignatureDefMap()
            for name, each in served.servable.signatures.items():
                signatures.signature_def[name].CopyFrom(as_message(each))
        packed = response.metadata[_SIGNATURES]
        packed.type_url, packed.value = _ANY, signatures.SerializeToString()
        return response

    @contextlib.contextmanager
    def _use(self, request: _Asking, api: str) -> Iterator[Served]:
        if not request.HasField("model_spec"):
            raise InvalidArgument("Missing ModelSpec")
        with (
            _use(self._catalogue, request.model_spec) as found,
            measured(found, self._metrics, api) as served,
        ):
            yield served


def _spec_of(request: Any) -> ModelSpec:
    """Return which model a request of whatever kind is for."""
    if isinstance(request, MultiInferenceRequest):
        return request.tasks[0].model_spec if request.tasks else ModelSpec()
    spec: ModelSpec = request.model_spec
    return spec


def _use(catalogue: Catalogue, spec: ModelSpec) -> AbstractContextManager[Served]:
    """Return the version that is meant: ServableRequestFromModelSpec in server_core.cc."""
    choice = spec.WhichOneof("version_choice")
    version = spec.version.value if choice == "version" else None
    return catalogue.use(
        spec.name, version, spec.version_label if choice == "version_label" else None
    )


def _spec(served: Served, asked: ModelSpec) -> ModelSpec:
    """Return which model answered: MakeModelSpec in servables/tensorflow/util.cc."""
    spec = ModelSpec(name=asked.name, signature_name=asked.signature_name or DEFAULT)
    spec.version.value = served.version
    return spec


def _check_fields(fields: Sequence[str]) -> None:
    """Raise for metadata that there is none of; the %s is in the original's text, too."""
    if not fields:
        raise InvalidArgument("GetModelMetadataRequest must specify at least one metadata_field")
    for field in fields:
        if field != _SIGNATURES:
            raise InvalidArgument(f"Metadata field %s is not supported{field}")
