"""Classify and regress: tf.Examples in, labels and scores or values out.

Rules and error texts: tensorflow_serving/servables/tensorflow/{classifier,regressor,util}.cc, cited
by function. Both fronts come here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from serving.errors import InvalidArgument
from serving.protocol import tensor
from serving.protocol.example_pb2 import Input
from serving.protocol.json_tensor import Array
from serving.protocol.prediction_service_pb2 import ClassificationResult, RegressionResult
from serving.protocol.signature import Signature, as_message
from serving.servable import Servable

CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"

# What a signature needs, in the order in which TensorFlow Serving looks: PreProcessClassification
# and PreProcessRegression.
Rules = Sequence[tuple[Callable[[Signature], bool], str]]
_CLASSIFY_RULES: Rules = (
    (lambda each: len(each.inputs) == 1, "Expected one input Tensor."),
    (
        lambda each: len(each.outputs) in {1, 2},
        "Expected one or two output Tensors, found {outputs}",
    ),
    (
        lambda each: "inputs" in each.inputs,
        "No classification inputs found in SignatureDef: {text}",
    ),
    (
        lambda each: "classes" in each.outputs or "scores" in each.outputs,
        (
            'Expected classification signature outputs to contain at least one of "classes" or '
            '"scores". Signature was: {text}'
        ),
    ),
)
_REGRESS_RULES: Rules = (
    (lambda each: len(each.inputs) == 1, "Expected one input Tensor."),
    (lambda each: len(each.outputs) == 1, "Expected one output Tensor."),
    (
        lambda each: "inputs" in each.inputs,
        "No regression inputs found in SignatureDef: {text}",
    ),
    (
        lambda each: "outputs" in each.outputs,
        "No regression outputs found in SignatureDef: {text}",
    ),
)


_RULES = {CLASSIFY: ("classification", _CLASSIFY_RULES), REGRESS: ("regression", _REGRESS_RULES)}
_OUTPUTS = {CLASSIFY: ("classes", "scores"), REGRESS: ("outputs",)}


def classify(servable: Servable, name: str, given: Input, *, strict: bool) -> ClassificationResult:
    """Return the classes and scores of each example, by the signature of that name.

    strict: the signature must say that this is what it is for. Raises ServingError.
    """
    signature = _find(servable, name)
    check(signature, CLASSIFY, strict=strict)
    return to_classes(*run(servable, name, CLASSIFY, given))


def regress(servable: Servable, name: str, given: Input, *, strict: bool) -> RegressionResult:
    """Return the value of each example, by the signature of that name; strict as in classify."""
    signature = _find(servable, name)
    check(signature, REGRESS, strict=strict)
    return to_values(*run(servable, name, REGRESS, given))


def _find(servable: Servable, name: str) -> Signature:
    if name not in servable.signatures:
        raise InvalidArgument(f"No signature was found with the name: {name}")
    return servable.signatures[name]


def check(signature: Signature, method: str, *, strict: bool) -> None:
    """Raise where the signature is not of the kind that the method, CLASSIFY or REGRESS, needs."""
    noun, rules = _RULES[method]
    if strict and signature.method_name != method:
        raise InvalidArgument(
            f"Expected {noun} signature method_name to be {method}. Was: {signature.method_name}"
        )
    for holds, words in rules:
        if not holds(signature):
            text = as_message(signature)
            raise InvalidArgument(words.format(outputs=len(signature.outputs), text=text))


def run(servable: Servable, name: str, method: str, given: Input) -> tuple[dict[str, Array], int]:
    """Return the outputs, and how many examples went in: PerformOneShotTensorComputation."""
    found = _examples(given)
    wanted = [each for each in _OUTPUTS[method] if each in servable.signatures[name].outputs]
    return servable.run(name, {"inputs": found}, wanted), len(found)


def _examples(given: Input) -> Array:
    """Return string [batch] of serialized tf.Examples: InputToSerializedExampleTensor.

    A context is put before each: two messages, one after the other, are both in one.
    """
    context = given.example_list_with_context.context
    found = given.example_list.examples or given.example_list_with_context.examples
    if not found:
        raise InvalidArgument("Input is empty.")
    array = np.empty(len(found), np.object_)
    array[:] = [context + each for each in found]
    return array


def to_classes(outputs: dict[str, Array], count: int) -> ClassificationResult:
    """Return labels and scores, of which one may be missing: PostProcessClassificationResult."""
    for name, wanted in (("classes", "DT_STRING"), ("scores", "DT_FLOAT")):
        if name in outputs:
            _check_classes(name, outputs[name], wanted, count)
    columns = {array.shape[1] for array in outputs.values()}
    if len(columns) > 1:
        labels, scores = (outputs[name].shape[1] for name in ("classes", "scores"))
        raise InvalidArgument(
            f"Tensors class and score should match in dim_size(1). Got {labels} vs. {scores}"
        )
    shape = (count, columns.pop())
    labels_of = outputs.get("classes", np.full(shape, b"", np.object_)).tolist()
    scores_of = outputs.get("scores", np.zeros(shape, np.float32)).tolist()
    result = ClassificationResult()
    for labels, scores in zip(labels_of, scores_of, strict=True):
        classes = result.classifications.add().classes
        for label, score in zip(labels, scores, strict=True):
            classes.add(label=label.decode("utf-8", "replace"), score=score)
    return result


def _check_classes(name: str, array: Array, wanted: str, count: int) -> None:
    if array.ndim != 2:
        raise InvalidArgument(
            f"Expected Tensor shape: [batch_size num_classes] but got {_shape(array)}"
        )
    if tensor.dtype_name(array) != wanted:
        raise InvalidArgument(
            f"Expected {name} Tensor of {wanted}. Got: {tensor.dtype_name(array)}"
        )
    if len(array) != count:
        raise InvalidArgument(f"Expected {name} output batch size of {count}. Got: {len(array)}")


def to_values(outputs: dict[str, Array], count: int) -> RegressionResult:
    """Return one value for each example: PostProcessRegressionResult."""
    array = outputs["outputs"]
    if array.ndim != 1 and (array.ndim != 2 or array.shape[1] != 1):
        raise InvalidArgument(
            "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got "
            f"{_shape(array)}"
        )
    if len(array) != count:
        raise InvalidArgument(
            f"Input batch size did not match output batch size: {count} vs. {len(array)}"
        )
    if array.dtype != np.float32:
        raise InvalidArgument(
            f"Expected output Tensor of DT_FLOAT.  Got: {tensor.dtype_name(array)}"
        )
    result = RegressionResult()
    for value in array.ravel().tolist():
        result.regressions.add(value=value)
    return result


def _shape(array: Array) -> str:
    return f"[{','.join(map(str, array.shape))}]"
