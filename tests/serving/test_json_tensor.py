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
    assert to_array([3.4028235677973366e38, -1e300], "DT_FLOAT").tolist() == [np.inf, -np.inf]


@pytest.mark.parametrize(
    ("value", "dtype", "message"),
    [
        ("a", "DT_FLOAT", 'JSON Value: "a" Type: String is not of expected type: float'),
        (True, "DT_FLOAT", "is not of expected type: float"),
        ([None], "DT_FLOAT", "Type: Null is not of expected type: float"),
        (1.5, "DT_INT64", "is not of expected type: int64"),
        (1, "DT_BOOL", "is not of expected type: bool"),
        (1, "DT_STRING", "is not of expected type: string"),
        (3_000_000_000, "DT_INT32", "out of range for type: int32"),
        (-1, "DT_UINT8", "out of range for type: uint8"),
        ([[1], [1, 2]], "DT_FLOAT", "unexpected size: 2 at level: 1 expected size: 1"),
        ([[1], 2], "DT_FLOAT", "JSON Value: 2 found at incorrect level: 2 .* at level: 2"),
        ([1, [2]], "DT_FLOAT", "Encountered list at unexpected level: 1 expected < 1"),
        ({"b64": "a-_b"}, "DT_STRING", "Unable to base64 decode"),
        ({"b64": "a", "c": 1}, "DT_STRING", "Type: Object is not of expected type: string"),
    ],
)
def test_wrong_values_are_refused(value: object, dtype: str, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        to_array(value, dtype)


def test_long_value_is_shown_in_part() -> None:
    with pytest.raises(InvalidArgument, match=r'^JSON Value: "a{39}… Type: String'):
        to_array("a" * 1000, "DT_FLOAT")


def test_type_without_a_json_form_is_unimplemented() -> None:
    with pytest.raises(Unimplemented, match="to type: half"):
        to_array([1.0], "DT_HALF")
