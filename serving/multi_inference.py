"""Several classifications and regressions of the same tf.Examples at once.

Rules and error texts: tensorflow_serving/servables/tensorflow/multi_inference.cc.
"""

from __future__ import annotations

from collections.abc import Sequence

from serving import inference
from serving.errors import InvalidArgument, Unimplemented
from serving.protocol.json_tensor import Array
from serving.protocol.prediction_service_pb2 import (
    InferenceResult,
    InferenceTask,
    MultiInferenceRequest,
)
from serving.protocol.signature import DEFAULT
from serving.servable import Servable


def multi_inference(
    servable: Servable, request: MultiInferenceRequest, *, strict: bool
) -> list[InferenceResult]:
    """Return the result of each task, without its model_spec; raise ServingError: Infer."""
    names: list[str] = []
    for task in request.tasks:
        _check_task(servable, request, task, names, strict=strict)
        names.append(task.model_spec.signature_name or DEFAULT)
    return [
        _RESULTS[task.method_name](*inference.run(servable, name, task.method_name, request.input))
        for name, task in zip(names, request.tasks, strict=True)
    ]


def _check_task(
    servable: Servable,
    request: MultiInferenceRequest,
    task: InferenceTask,
    names: Sequence[str],
    *,
    strict: bool,
) -> None:
    name = task.model_spec.signature_name or DEFAULT
    if not task.model_spec.name:
        raise InvalidArgument("Found ModelSpec with an empty model name.")
    if task.model_spec.name != request.tasks[0].model_spec.name:
        raise InvalidArgument(
            "All ModelSpecs in a MultiInferenceRequest must access the same model name."
        )
    if name in names:
        raise InvalidArgument(f"Duplicate evaluation of signature: {name}")
    if name not in servable.signatures:
        raise InvalidArgument(f"Requested signature not found in model graph: {name}")
    if task.method_name not in _RESULTS:
        raise Unimplemented(f"Unsupported signature method_name: {task.method_name}")
    inference.check(servable.signatures[name], task.method_name, strict=strict)


def _classified(outputs: dict[str, Array], count: int) -> InferenceResult:
    return InferenceResult(classification_result=inference.to_classes(outputs, count))


def _regressed(outputs: dict[str, Array], count: int) -> InferenceResult:
    return InferenceResult(regression_result=inference.to_values(outputs, count))


_RESULTS = {inference.CLASSIFY: _classified, inference.REGRESS: _regressed}
