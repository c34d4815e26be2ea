"""Classify, Regress, MultiInference by TensorFlow Serving's own stubs: each rule with its place."""

from __future__ import annotations

from typing import Any

import pytest
from tensorflow_serving.apis import classification_pb2, inference_pb2, regression_pb2

from tests.serving.asking import example, refusal
from tests.serving.conftest import Fronts

CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"


def examples(request: Any, signature: str = "", *given: Any, context: Any = None) -> Any:
    request.model_spec.name = "examples"
    request.model_spec.signature_name = signature
    kind = request.input.example_list
    if context is not None:
        kind = request.input.example_list_with_context
        kind.context.CopyFrom(context)
    kind.examples.extend(given)
    return request


def test_classify(fronts: Fronts) -> None:
    request = examples(
        classification_pb2.ClassificationRequest(), "", example(x=2.0), example(c=1.0)
    )
    response = fronts.predictions().Classify(request, timeout=20)
    assert response.model_spec.signature_name == "serving_default"
    found = [
        [(each.label, each.score) for each in row.classes]
        for row in response.result.classifications
    ]
    assert found == [[("small", 2.0), ("größer", 100.0)], [("small", 0.0), ("größer", 1.0)]]


def test_context_goes_before_each_example(fronts: Fronts) -> None:
    request = examples(
        classification_pb2.ClassificationRequest(), "scores", example(c=1.0), context=example(x=7.0)
    )
    (row,) = fronts.predictions().Classify(request, timeout=20).result.classifications
    assert [(each.label, each.score) for each in row.classes] == [("", 7.0), ("", 1.0)]


def test_method_name_is_not_checked(fronts: Fronts) -> None:
    request = examples(classification_pb2.ClassificationRequest(), "labels", example())
    (row,) = fronts.predictions().Classify(request, timeout=20).result.classifications
    assert [(each.label, each.score) for each in row.classes] == [("small", 0.0), ("größer", 0.0)]


def test_regress(fronts: Fronts) -> None:
    request = examples(regression_pb2.RegressionRequest(), "regress", example(x=2.0), example())
    response = fronts.predictions().Regress(request, timeout=20)
    assert [each.value for each in response.result.regressions] == [3.0, 2.0]
    assert response.model_spec.version.value == 1


WRONG_CLASSIFY = [  # classifier.cc
    ("none", "INVALID_ARGUMENT", "No signature was found with the name: none"),
    ("three", "INVALID_ARGUMENT", "Expected one or two output Tensors, found 3"),
    ("nameless", "INVALID_ARGUMENT", "Expected classification signature outputs to contain"),
    ("flat", "INVALID_ARGUMENT", "Expected Tensor shape: [batch_size num_classes] but got [4]"),
    ("swapped", "INVALID_ARGUMENT", "Expected classes Tensor of DT_STRING. Got: DT_FLOAT"),
    ("short", "INVALID_ARGUMENT", "Expected scores output batch size of 2. Got: 1"),
    ("uneven", "INVALID_ARGUMENT", "Tensors class and score should match in dim_size(1). Got 2 v"),
]


@pytest.mark.parametrize(("signature", "code", "text"), WRONG_CLASSIFY)
def test_signature_that_cannot_classify(
    fronts: Fronts, signature: str, code: str, text: str
) -> None:
    request = examples(classification_pb2.ClassificationRequest(), signature, example(), example())
    found = refusal(fronts.predictions().Classify, request)
    assert (found[0], found[1][: len(text)]) == (code, text)


WRONG_REGRESS = [  # regressor.cc
    ("none", "INVALID_ARGUMENT", "No signature was found with the name: none"),
    ("serving_default", "INVALID_ARGUMENT", "Expected one output Tensor."),
    ("scores", "INVALID_ARGUMENT", "No regression outputs found in SignatureDef: "),
    ("wide", "INVALID_ARGUMENT", "Expected output Tensor shape to be either [batch_size] or [bat"),
    ("halved", "INVALID_ARGUMENT", "Input batch size did not match output batch size: 2 vs. 1"),
    ("double", "INVALID_ARGUMENT", "Expected output Tensor of DT_FLOAT.  Got: DT_DOUBLE"),
]


@pytest.mark.parametrize(("signature", "code", "text"), WRONG_REGRESS)
def test_signature_that_cannot_regress(
    fronts: Fronts, signature: str, code: str, text: str
) -> None:
    request = examples(regression_pb2.RegressionRequest(), signature, example(), example())
    found = refusal(fronts.predictions().Regress, request)
    assert (found[0], found[1][: len(text)]) == (code, text)


def test_no_examples_are_none(fronts: Fronts) -> None:  # util.cc, InputToSerializedExampleTensor
    request = examples(regression_pb2.RegressionRequest(), "regress")
    assert refusal(fronts.predictions().Regress, request) == (
        "INVALID_ARGUMENT",
        "Input is empty.",
    )


def multi_request(*tasks: tuple[str, str, str]) -> inference_pb2.MultiInferenceRequest:
    request = inference_pb2.MultiInferenceRequest()
    for name, signature, method in tasks:
        task = request.tasks.add(method_name=method)
        task.model_spec.name, task.model_spec.signature_name = name, signature
    request.input.example_list.examples.append(example(x=2.0))
    return request


def test_multi_inference(fronts: Fronts) -> None:
    request = multi_request(("examples", "", CLASSIFY), ("examples", "regress", REGRESS))
    first, second = fronts.predictions().MultiInference(request, timeout=20).results
    assert first.model_spec.signature_name == "serving_default"
    assert [each.score for each in first.classification_result.classifications[0].classes] == [
        2.0,
        100.0,
    ]
    assert second.regression_result.regressions[0].value == 3.0
    assert second.model_spec.version.value == 1


@pytest.mark.parametrize(
    ("tasks", "code", "text"),
    [  # multi_inference.cc
        ([], "INVALID_ARGUMENT", "ModelSpec has no name specified."),
        (
            [("examples", "", CLASSIFY), ("half_plus_two", "", REGRESS)],
            "INVALID_ARGUMENT",
            "All ModelSpecs in a MultiInferenceRequest must access the same model name.",
        ),
        (
            [("examples", "", CLASSIFY), ("", "", REGRESS)],
            "INVALID_ARGUMENT",
            "Found ModelSpec with an empty model name.",
        ),
        (
            [("examples", "", CLASSIFY), ("examples", "serving_default", CLASSIFY)],
            "INVALID_ARGUMENT",
            "Duplicate evaluation of signature: serving_default",
        ),
        (
            [("examples", "none", CLASSIFY)],
            "INVALID_ARGUMENT",
            "Requested signature not found in model graph: none",
        ),
        (
            [("examples", "", "tensorflow/serving/predict")],
            "UNIMPLEMENTED",
            "Unsupported signature method_name: tensorflow/serving/predict",
        ),
        ([("examples", "", REGRESS)], "INVALID_ARGUMENT", "Expected one output Tensor."),
    ],
)
def test_wrong_multi_inference(
    fronts: Fronts, tasks: list[tuple[str, str, str]], code: str, text: str
) -> None:
    assert refusal(fronts.predictions().MultiInference, multi_request(*tasks)) == (code, text)
