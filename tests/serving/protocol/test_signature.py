"""serving.protocol.signature: which one is called, and how each is told."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from google.protobuf import json_format

from serving.errors import InvalidArgument
from serving.protocol import tensor
from serving.protocol.signature import (
    DEFAULT,
    Signature,
    TensorInfo,
    as_json,
    as_message,
    choose,
    of_json,
)

X = TensorInfo(name="x:0", dtype="DT_FLOAT", shape=None)
WHOLE = Signature(inputs={"x": X}, outputs={"y": X}, method_name="")
SIZES = Signature(
    inputs={
        "any": X,
        "rows": TensorInfo(name="rows:0", dtype="DT_STRING", shape=(-1, 3)),
        "one": TensorInfo(name="one:0", dtype="DT_INT64", shape=()),
    },
    outputs={"y": TensorInfo(name="y:1", dtype="DT_HALF", shape=(0,))},
    method_name="tensorflow/serving/predict",
)
CONSTANT = Signature(inputs={}, outputs={"y": X}, method_name="")


def test_without_a_name_it_is_the_default() -> None:
    assert choose({DEFAULT: WHOLE, "other": CONSTANT}, "") is WHOLE


@pytest.mark.parametrize(
    ("signatures", "name", "text"),
    [
        # http_rest_api_handler.cc, GetInfoMap
        ({}, "", 'Serving signature name: "serving_default" not found in signature def'),
        ({}, "x", 'Serving signature name: "x" not found in signature def'),
        # json_tensor.cc, FillPredictRequestFromJson
        ({DEFAULT: CONSTANT}, "", "Failed to get input map for signature: DEFAULT"),
        ({"x": CONSTANT}, "x", "Failed to get input map for signature: x"),
    ],
)
def test_signature_that_cannot_be_called(
    signatures: dict[str, Signature], name: str, text: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        choose(signatures, name)
    assert str(caught.value) == text


def test_json_is_the_message_as_protobuf_prints_it() -> None:
    default = tensor.to_proto(np.array([2.0], np.float32))
    signature = dataclasses.replace(SIZES, defaults={"any": default})
    assert as_json(signature) == json_format.MessageToDict(
        as_message(signature),
        preserving_proto_field_name=True,
        always_print_fields_with_no_presence=True,
    )


def test_message_and_json_say_what_the_signature_says() -> None:
    message, told = as_message(SIZES), as_json(SIZES)
    assert [dim.size for dim in message.inputs["rows"].tensor_shape.dim] == [-1, 3]
    assert [name for name, each in message.inputs.items() if each.tensor_shape.unknown_rank] == [
        "any"
    ]
    assert of_json(told) == SIZES


def test_what_is_left_off_is_empty() -> None:
    given = {"inputs": {"x": {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [{}, {"size": "2"}]}}}}
    x = TensorInfo(name="", dtype="DT_FLOAT", shape=(0, 2))
    assert of_json(given) == Signature(inputs={"x": x}, outputs={}, method_name="")
    assert of_json({"outputs": {"y": {"dtype": "DT_INT8"}}}).outputs["y"].shape == ()
    assert of_json({}) == Signature(inputs={}, outputs={}, method_name="")


@pytest.mark.parametrize(
    "given",
    [
        pytest.param([], id="a list"),
        pytest.param({"inputs": ["x"]}, id="inputs in a list"),
        pytest.param({"inputs": {"x": "DT_FLOAT"}}, id="a type only"),
        pytest.param({"outputs": {"x": {"name": "x:0"}}}, id="no type"),
        pytest.param(
            {"inputs": {"x": {"dtype": "DT_FLOAT", "tensor_shape": {"dim": 1}}}},
            id="no list of sizes",
        ),
        pytest.param(
            {"inputs": {"x": {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [{"size": "wide"}]}}}},
            id="a size in words",
        ),
    ],
)
def test_what_is_no_signature_is_refused(given: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"^expected a SignatureDef with inputs and outputs$"):
        of_json(given)
