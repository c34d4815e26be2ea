"""Predict, as PredictionService has it: messages in, arrays out.

Rules and error texts: tensorflow_serving/servables/tensorflow/predict_util.cc and
tensorflow/cc/saved_model/util.cc, cited by function.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from serving.errors import FailedPrecondition, InvalidArgument
from serving.protocol import tensor
from serving.protocol.json_tensor import Array
from serving.protocol.prediction_service_pb2 import PredictRequest
from serving.protocol.signature import DEFAULT, Signature
from serving.protocol.string_list import TensorError
from serving.servable import Servable


def predict(servable: Servable, request: PredictRequest) -> dict[str, Array]:
    """Return the outputs asked for; raise ServingError: RunPredict."""
    name = request.model_spec.signature_name or DEFAULT
    if name not in servable.signatures:
        raise FailedPrecondition(f'Serving signature key "{name}" not found.')
    signature = servable.signatures[name]
    _check_count(signature, request)
    inputs = {alias: _input(signature, alias, request) for alias in signature.inputs}
    unknown = set(request.inputs) - set(inputs)
    if unknown:
        raise InvalidArgument(
            "Inputs contains invalid name. Used request inputs: "
            f"{_names(set(request.inputs) - unknown)}, request input: {_names(request.inputs)}"
        )
    _check_filter(signature, request.output_filter)
    return servable.run(name, inputs, tuple(request.output_filter))


def _check_count(signature: Signature, request: PredictRequest) -> None:
    """Raise where there are too many or too few inputs: VerifyRequestInputsSize.

    Where some have defaults, which of too few is missing is told by _input.
    """
    sent, wanted = set(request.inputs), set(signature.inputs)
    if len(sent) > len(wanted) or (len(sent) < len(wanted) and not signature.defaults):
        raise InvalidArgument(
            f"input size does not match signature: {len(sent)}!={len(wanted)} "
            f"len({{{_names(sent)}}}) != len({{{_names(wanted)}}}). "
            f"Sent extra: {{{_names(sent - wanted)}}}. "
            f"Missing but required: {{{_names(wanted - sent)}}}."
        )


def _input(signature: Signature, alias: str, request: PredictRequest) -> Array:
    """Return one input as an array: GetInputValues."""
    if alias not in request.inputs and alias not in signature.defaults:
        raise InvalidArgument(
            f"Signature input alias: {alias}(feed name: {signature.inputs[alias].name}) not found "
            "in request and no default value provided. Inputs expected to be in the request "
            f"{{{_names(request.inputs)}}}, or default input alias set: "
            f"{_names(signature.defaults)}"
        )
    given = request.inputs if alias in request.inputs else signature.defaults
    try:
        return tensor.to_array(given[alias])
    except TensorError:
        raise InvalidArgument(f"tensor parsing error: {alias}") from None


def _check_filter(signature: Signature, output_filter: Sequence[str]) -> None:
    """Raise where an output is asked for that is not there, or twice: PreProcessPrediction."""
    for index, alias in enumerate(output_filter):
        if alias not in signature.outputs:
            raise InvalidArgument(
                f"output tensor alias not found in signature: {alias} "
                f"Outputs expected to be in the set {{{_names(signature.outputs)}}}."
            )
        if alias in output_filter[:index]:
            raise InvalidArgument(f"duplicate output tensor alias: {alias}")


def _names(names: Iterable[str]) -> str:
    return ",".join(sorted(names))
