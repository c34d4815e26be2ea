"""serving.protocol.json_tensor: a JSON value becomes an array (util/json_tensor.cc)."""

from __future__ import annotations

import json

import numpy as np
import pytest

from serving.errors import InvalidArgument, Unimplemented
from serving.protocol.json_tensor import to_array


def test_nested_lists_give_their_shape() -> None:
    assert to_array([[[1, 2]]], "DT_INT32").tolist() == [[[1, 2]]]
    assert to_array([[], []], "DT_FLOAT").shape == (2, 0)
    assert to_array([], "DT_FLOAT").shape == (0,)
    assert to_array(1, "DT_FLOAT").shape == ()


def test_sixty_four_levels_are_as_deep_as_it_goes() -> None:
    value = json.loads("[" * 64 + "1" + "]" * 64)
    assert to_array(value, "DT_FLOAT").ndim == 64
    with pytest.raises(InvalidArgument, match="65 levels deep; expected at most 64"):
        to_array([value], "DT_FLOAT")


@pytest.mark.parametrize("text", ["aGVsbG8=", "aGVsbG8"])
def test_base64_with_and_without_padding(text: str) -> None:
    assert to_array([{"b64": text}], "DT_STRING").tolist() == [b"hello"]


def test_every_number_may_be_a_float() -> None:
    assert to_array([1, 0.5], "DT_FLOAT").dtype == np.float32
    assert to_array([1, 0.1], "DT_DOUBLE").tolist() == [1.0, 0.1]
    assert to_array([2**70], "DT_FLOAT").tolist() == [float(2**70)]  # a double in RapidJSON


def test_other_types_take_what_is_theirs_to_the_last_number() -> None:
    assert to_array([[-128, 127]], "DT_INT8").tolist() == [[-128, 127]]
    assert to_array([0, 2**64 - 1], "DT_UINT64").tolist() == [0, 2**64 - 1]
    assert to_array([True, False], "DT_BOOL").tolist() == [True, False]
    assert to_array(["ü", {"b64": "/w=="}], "DT_STRING").tolist() == ["ü".encode(), b"\xff"]


@pytest.mark.parametrize("dtype", ["DT_INT32", "DT_BOOL", "DT_FLOAT", "DT_STRING"])
def test_no_values_are_an_array_of_any_type(dtype: str) -> None:
    assert to_array([[], []], dtype).shape == (2, 0)


def test_number_becomes_the_nearest_float() -> None:
    assert to_array([16777217, 2**24, -1e39], "DT_FLOAT").tolist() == [2**24, 2**24, -np.inf]
    assert to_array([2**53 + 1, 2**64], "DT_DOUBLE").tolist() == [2**53, 2**64]
    with pytest.raises(InvalidArgument, match="Number too big to be stored in double"):
        to_array([10**400], "DT_FLOAT")


@pytest.mark.parametrize(
    ("value", "dtype", "message"),
    [
        ("a", "DT_FLOAT", 'JSON Value: "a" Type: String is not of expected type: float'),
        (True, "DT_FLOAT", "JSON Value: true Type: True is not of expected type: float"),
        ([None], "DT_FLOAT", "Type: Null is not of expected type: float"),
        (1.5, "DT_INT64", "is not of expected type: int64"),
        (1, "DT_BOOL", "is not of expected type: bool"),
        (1, "DT_STRING", "is not of expected type: string"),
        (3_000_000_000, "DT_INT32", "3000000000 Type: Number is not of expected type: int32"),
        (-1, "DT_UINT8", "JSON Value: -1 Type: Number is not of expected type: uint8"),
        (128, "DT_INT8", "JSON Value: 128 Type: Number is not of expected type: int8"),
        (-129, "DT_INT8", "JSON Value: -129 Type: Number is not of expected type: int8"),
        ([1, "a", "b"], "DT_FLOAT", 'JSON Value: "a" Type: String is not of'),
        ({"x": 1}, "DT_FLOAT", "Type: Object is not of expected type: float"),
        ([[1], [1, 2]], "DT_FLOAT", "unexpected size: 2 at level: 1 expected size: 1"),
        ([[1], 2], "DT_FLOAT", "JSON Value: 2 found at incorrect level: 2 .* at level: 2"),
        ([1, [2]], "DT_FLOAT", "Encountered list at unexpected level: 1 expected < 1"),
        ({"b64": "a-_b"}, "DT_STRING", "Unable to base64 decode"),
        ({"b64": "aGVs____"}, "DT_STRING", "Unable to base64 decode"),
        ({"b64": 5}, "DT_STRING", "not formatted correctly for base64 data"),
        ({"b64": "a", "c": 1}, "DT_STRING", "not formatted correctly for base64 data"),
    ],
)
def test_wrong_values_are_refused(value: object, dtype: str, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        to_array(value, dtype)


def test_long_value_is_shown_in_part() -> None:
    with pytest.raises(InvalidArgument, match=r'^JSON Value: "a{999}… Type: String'):
        to_array("a" * 2000, "DT_FLOAT")


def test_type_without_a_json_form_is_unimplemented() -> None:
    with pytest.raises(Unimplemented, match=r"Conversion of JSON Value: 1\.0 to type: half"):
        to_array([[1.0, 2.0]], "DT_HALF")
    with pytest.raises(Unimplemented, match=r"Conversion of JSON Value: \[\] to type: half"):
        to_array([], "DT_HALF")
