"""Predict and GetModelMetadata by TensorFlow Serving's own stubs: each rule with its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import requests
import tensorflow as tf
from tensorflow_serving.apis import get_model_metadata_pb2

from tests.serving.asking import example, predict_request, refusal
from tests.serving.conftest import Fronts


def test_predict_echoes_the_model_and_answers_in_typed_fields(fronts: Fronts) -> None:
    response = fronts.predictions().Predict(
        predict_request("half_plus_two", x=np.array([1, 2, 5], np.float32)), timeout=20
    )
    assert response.model_spec.name == "half_plus_two"
    assert response.model_spec.version.value == 1
    assert response.model_spec.signature_name == "serving_default"
    assert list(response.outputs["y"].float_val) == [2.5, 3.0, 4.5]  # kAsProtoField
    assert not response.outputs["y"].tensor_content
    assert tf.make_ndarray(response.outputs["y"]).shape == (3,)


def test_every_type_goes_in_and_out(fronts: Fronts) -> None:
    request = predict_request("many_types", number=[[0.5]], flag=[True], text=[["a"], ["b"]])
    request.inputs["whole"].CopyFrom(tf.make_tensor_proto([2**40, -1], tf.int64))
    outputs = fronts.predictions().Predict(request, timeout=20).outputs
    assert tf.make_ndarray(outputs["number"]).tolist() == [[0.5]]
    assert tf.make_ndarray(outputs["whole"]).tolist() == [2**40, -1]
    assert list(outputs["flag"].bool_val) == [True]
    assert tf.make_ndarray(outputs["text"]).tolist() == [[b"a"], [b"b"]]


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        (  # predict_impl.cc
            lambda request: request.ClearField("model_spec"),
            "INVALID_ARGUMENT",
            "Missing ModelSpec",
        ),
        (  # server_core.cc, ServableRequestFromModelSpec
            lambda request: request.model_spec.ClearField("name"),
            "INVALID_ARGUMENT",
            "ModelSpec has no name specified.",
        ),
        (  # core/basic_manager.cc:139
            lambda request: setattr(request.model_spec, "name", "none"),
            "NOT_FOUND",
            "Servable not found for request: Latest(none)",
        ),
        (
            lambda request: setattr(request.model_spec.version, "value", 9),
            "NOT_FOUND",
            "Servable not found for request: Specific(half_plus_two, 9)",
        ),
        (  # server_core.cc:891
            lambda request: setattr(request.model_spec, "version_label", "new"),
            "INVALID_ARGUMENT",
            "Unrecognized servable version label: new",
        ),
        (  # predict_util.cc:93
            lambda request: setattr(request.model_spec, "signature_name", "x"),
            "FAILED_PRECONDITION",
            'Serving signature key "x" not found.',
        ),
        (  # predict_util.cc:66
            lambda request: request.inputs["z"].CopyFrom(tf.make_tensor_proto(1.0)),
            "INVALID_ARGUMENT",
            (
                "input size does not match signature: 2!=1 len({x,z}) != len({x}). "
                "Sent extra: {z}. Missing but required: {}."
            ),
        ),
        (
            lambda request: request.inputs.clear(),
            "INVALID_ARGUMENT",
            (
                "input size does not match signature: 0!=1 len({}) != len({x}). "
                "Sent extra: {}. Missing but required: {x}."
            ),
        ),
        (  # predict_util.cc:140
            lambda request: request.output_filter.append("z"),
            "INVALID_ARGUMENT",
            "output tensor alias not found in signature: z Outputs expected to be in the set {y}.",
        ),
        (  # predict_util.cc:148
            lambda request: request.output_filter.extend(["y", "y"]),
            "INVALID_ARGUMENT",
            "duplicate output tensor alias: y",
        ),
        (  # cc/saved_model/util.cc, GetInputValues
            lambda request: setattr(request.inputs["x"], "dtype", 20),
            "INVALID_ARGUMENT",
            "tensor parsing error: x",
        ),
    ],
)
def test_wrong_predict_gets_tensorflow_serving_s_status(
    fronts: Fronts, change: Any, code: str, text: str
) -> None:
    request = predict_request("half_plus_two", x=[1.0])
    change(request)
    assert refusal(fronts.predictions().Predict, request) == (code, text)


def test_input_of_another_name_is_named(fronts: Fronts) -> None:
    code, text = refusal(fronts.predictions().Predict, predict_request("half_plus_two", z=[1.0]))
    assert code == "INVALID_ARGUMENT"
    assert text.startswith("Signature input alias: x(feed name: x:0) not found in request and no ")


def test_input_that_has_a_default_may_be_left_out(fronts: Fronts) -> None:
    predict = fronts.predictions().Predict  # SignatureDef.defaults; GetInputValues
    assert predict(predict_request("optional", x=[1.0]), timeout=20).outputs["sum"].float_val == [3]
    both = predict_request("optional", x=[1.0], y=[5.0])
    assert predict(both, timeout=20).outputs["sum"].float_val == [6]
    assert refusal(predict, predict_request("optional", y=[5.0])) == (
        "INVALID_ARGUMENT",
        (
            "Signature input alias: x(feed name: x:0) not found in request and no default value "
            "provided. Inputs expected to be in the request {y}, or default input alias set: y"
        ),
    )
    assert refusal(predict, predict_request("optional", x=[1.0], z=[5.0], w=[5.0])) == (
        "INVALID_ARGUMENT",  # predict_util.cc, VerifyRequestInputsSize
        (
            "input size does not match signature: 3!=2 len({w,x,z}) != len({x,y}). "
            "Sent extra: {w,z}. Missing but required: {y}."
        ),
    )
    assert refusal(predict, predict_request("optional", x=[1.0], z=[5.0])) == (
        "INVALID_ARGUMENT",
        "Inputs contains invalid name. Used request inputs: x, request input: x,z",
    )


def test_defaults_are_told(fronts: Fronts) -> None:
    request = metadata_request("optional", "signature_def")
    packed = fronts.predictions().GetModelMetadata(request, timeout=20).metadata["signature_def"]
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert packed.Unpack(signatures)
    told = signatures.signature_def["serving_default"].defaults["y"]
    assert tf.make_ndarray(told).tolist() == [2.0]
    answer = requests.get(f"{fronts.url}/optional/metadata", timeout=20).json()
    default = answer["metadata"]["signature_def"]["signature_def"]["serving_default"]["defaults"]
    assert (default["y"]["dtype"], default["y"]["tensor_shape"]["dim"][0]["size"]) == (
        "DT_FLOAT",
        "1",
    )


def test_quantized_numbers_go_in_and_out(fronts: Fronts) -> None:
    request = predict_request("optional", "copy")
    numbers = np.array([1, 255], np.uint8).astype(tf.quint8.as_numpy_dtype)
    request.inputs["q"].CopyFrom(tf.make_tensor_proto(numbers, tf.quint8))
    output = fronts.predictions().Predict(request, timeout=20).outputs["q"]
    assert (list(output.int_val), output.dtype) == ([1, 255], tf.quint8.as_datatype_enum)
    body = {"signature_name": "copy", "inputs": [1]}
    answer = requests.post(f"{fronts.url}/optional:predict", json=body, timeout=20)
    assert (answer.status_code, answer.json()["error"]) == (
        501,
        "Conversion of JSON Value: 1 to type: quint8",
    )


def test_wrong_dtype_is_the_client_s_mistake(fronts: Fronts) -> None:
    code, _ = refusal(fronts.predictions().Predict, predict_request("half_plus_two", x=["a"]))
    assert code == "INVALID_ARGUMENT"


def test_label_stands_for_its_version(fronts: Fronts) -> None:
    request = predict_request("half_plus_two", x=[1.0])
    request.model_spec.version_label = "stable"
    assert fronts.predictions().Predict(request, timeout=20).model_spec.version.value == 1


def test_output_filter_gives_those_outputs_alone(fronts: Fronts) -> None:
    request = predict_request("examples", inputs=[example(x=2.0).SerializeToString()])
    request.output_filter.append("scores")
    assert list(fronts.predictions().Predict(request, timeout=20).outputs) == ["scores"]


def test_messages_above_four_megabytes_go_both_ways(fronts: Fronts) -> None:
    many = np.zeros(2_000_000, np.float32)
    response = fronts.predictions().Predict(predict_request("half_plus_two", x=many), timeout=60)
    assert len(response.outputs["y"].float_val) == len(many)


def test_long_error_is_cut(fronts: Fronts) -> None:  # grpc_status_util.cc
    request = predict_request("half_plus_two", "x" * 2000, x=[1.0])
    code, text = refusal(fronts.predictions().Predict, request)
    assert code == "FAILED_PRECONDITION"
    assert text == 'Serving signature key "' + "x" * 1001 + "...TRUNCATED"


def metadata_request(name: str, *fields: str) -> get_model_metadata_pb2.GetModelMetadataRequest:
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
    request.model_spec.name = name
    return request


def test_metadata(fronts: Fronts) -> None:
    response = fronts.predictions().GetModelMetadata(
        metadata_request("half_plus_two", "signature_def"), timeout=20
    )
    assert response.model_spec.version.value == 1
    assert not response.model_spec.signature_name
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    signature = signatures.signature_def["serving_default"]
    assert signature.method_name == "tensorflow/serving/predict"
    assert [dim.size for dim in signature.inputs["x"].tensor_shape.dim] == [-1, 1]
    assert (signature.inputs["x"].name, signature.inputs["x"].dtype) == ("x:0", 1)


@pytest.mark.parametrize(
    ("request_", "text"),
    [  # get_model_metadata_impl.cc; the %s is there, too
        (get_model_metadata_pb2.GetModelMetadataRequest(), "Missing ModelSpec"),
        (
            metadata_request("half_plus_two"),
            "GetModelMetadataRequest must specify at least one metadata_field",
        ),
        (metadata_request("half_plus_two", "x"), "Metadata field %s is not supportedx"),
    ],
)
def test_wrong_metadata_request(fronts: Fronts, request_: Any, text: str) -> None:
    found = refusal(fronts.predictions().GetModelMetadata, request_)
    assert found == ("INVALID_ARGUMENT", text)
