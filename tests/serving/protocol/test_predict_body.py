"""serving.protocol.predict_body: TensorFlow Serving's predict requests (util/json_tensor.cc)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.errors import InvalidArgument, ServingError, Unimplemented
from serving.protocol.json_parse import parse_json
from serving.protocol.predict_body import is_row, signature_name, to_arrays
from serving.protocol.signature import Signature, TensorInfo


def signature(**dtypes: str) -> Signature:
    inputs = {
        name: TensorInfo(name=f"{name}:0", dtype=dtype, shape=None)
        for name, dtype in dtypes.items()
    }
    return Signature(inputs=inputs, outputs={}, method_name="tensorflow/serving/predict")


def arrays(document: object, **dtypes: str) -> dict[str, Any]:
    return to_arrays(parse_json(json.dumps(document).encode()), signature(**dtypes))


def refusal(document: object, **dtypes: str) -> str:
    with pytest.raises(InvalidArgument) as caught:
        arrays(document, **dtypes)
    return str(caught.value)


def test_row_form_of_the_classic_example() -> None:
    x = arrays({"instances": [1.0, 2.0, 5.0]}, x="DT_FLOAT")["x"]
    assert (x.dtype, x.tolist()) == (np.float32, [1.0, 2.0, 5.0])


def test_declared_shape_is_not_checked() -> None:
    assert arrays({"instances": [[[1]]]}, x="DT_FLOAT")["x"].shape == (1, 1, 1)


def test_rows_of_named_values() -> None:
    both = arrays(
        {"instances": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]}, a="DT_INT64", b="DT_STRING"
    )
    assert both["a"].tolist() == [1, 2]
    assert both["b"].tolist() == [b"x", b"y"]


def test_column_form() -> None:
    assert arrays({"inputs": [[1, 2]]}, x="DT_INT32")["x"].tolist() == [[1, 2]]
    assert arrays({"inputs": {"x": 3}}, x="DT_INT32")["x"].shape == ()


def test_column_form_ignores_what_it_does_not_know() -> None:
    assert list(arrays({"inputs": {"x": [1], "extra": [2]}}, x="DT_INT32")) == ["x"]


def test_base64_inside_named_values() -> None:
    found = arrays({"instances": [{"x": {"b64": "aGVsbG8="}}]}, x="DT_STRING")
    assert found["x"].tolist() == [b"hello"]


def test_base64_in_rows_without_names() -> None:
    found = arrays({"instances": [{"b64": "aGVsbG8="}, "你好"]}, x="DT_STRING")
    assert found["x"].tolist() == [b"hello", "你好".encode()]


def test_nan_and_infinity_are_taken() -> None:
    body = parse_json(b'{"instances": [NaN, Infinity, -Infinity]}')
    x = to_arrays(body, signature(x="DT_FLOAT"))["x"]
    assert np.isnan(x[0])
    assert x[1:].tolist() == [np.inf, -np.inf]


def test_signature_may_be_named() -> None:
    assert signature_name({"signature_name": "top5"}) == "top5"
    assert not signature_name({})
    with pytest.raises(InvalidArgument) as caught:
        signature_name({"signature_name": 5})
    assert str(caught.value) == (
        'JSON Value: {\n    "signature_name": 5\n} not formatted correctly. '
        "'signature_name' key must be a string value."
    )


def test_answer_has_the_form_of_the_question() -> None:
    assert is_row({"instances": [1]})
    assert not is_row({"inputs": 1})


@pytest.mark.parametrize(
    ("document", "dtype", "message"),
    [
        ({}, "DT_FLOAT", "Missing 'inputs' or 'instances' key"),  # jt:704
        ({"instances": []}, "DT_FLOAT", "No values in 'instances' array"),
        ({"instances": 1}, "DT_FLOAT", "Excepting 'instances' to be an list/array"),
        ({"inputs": {"y": 1}}, "DT_FLOAT", "Missing named input: x in 'inputs' object."),
        ({"inputs": {}}, "DT_FLOAT", "Missing named input: x in 'inputs' object."),
        (
            {"inputs": 1, "instances": [1]},
            "DT_FLOAT",
            "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ",
        ),
        ({"inputs": "a"}, "DT_FLOAT", "is not of expected type: float"),
    ],
)
def test_wrong_values_are_refused(document: object, dtype: str, message: str) -> None:
    assert message in refusal(document, x=dtype)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([1, "a"], 'element: 1 of .* INVALID_ARGUMENT: JSON Value: "a" Type: String is not of'),
        ([{"x": 1}, {"x": "a"}], 'element: 1 key: x of .* INVALID_ARGUMENT: JSON Value: "a"'),
        ([[1], [1, 2]], "element: 1 of .* Expecting tensor size: 1 but got: 2"),
        ([[1, 2], [[1], [2]]], r"element: 1 of .* Expecting shape \[2\] but got: \[2,1\]"),
        ([[1], 2], r"element: 1 of .* Expecting shape \[1\] but got: \[\]"),
        ([0, [[1], 2]], "element: 1 of .* found at incorrect level: 2"),
        (
            [{"x": 1}, {"y": 1}],
            "element: 1 key: y of .* INVALID_ARGUMENT: JSON object: does not have named input: y",
        ),
        (
            [{"x": 1}, {"x": 2, "y": 3}],
            "element: 1 key: y of .* INVALID_ARGUMENT: JSON object: does not have named input: y",
        ),
        ([{"x": 1}, {}], r"element: 1 of .* JSON object: \{\} keys must be equal to: x"),
    ],
)
def test_row_that_is_wrong_is_named_by_its_number(rows: list[object], message: str) -> None:
    with pytest.raises(InvalidArgument, match=f"^Failed to process {message}"):
        arrays({"instances": rows}, x="DT_FLOAT")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([*[1] * 2500, "a", "b"], 'element: 2500 of .* JSON Value: "a" Type: String is not of'),
        ([*[[1, 2]] * 2000, *[[1]] * 1000], "element: 2000 of .* Expecting tensor size: 2 but"),
    ],
)
def test_wrong_row_among_thousands_is_named(rows: list[object], message: str) -> None:
    with pytest.raises(InvalidArgument, match=f"^Failed to process {message}"):
        arrays({"instances": rows}, x="DT_FLOAT")


def test_rows_of_two_kinds_are_refused_by_number() -> None:
    assert refusal({"instances": [{"x": 1}, 2]}, x="DT_FLOAT") == (
        "Expecting object but got list at item 1 of input list"
    )
    assert refusal({"instances": [2, {"x": 1}]}, x="DT_FLOAT") == (
        "Expecting value/list but got object at item 1 of input list"
    )


def test_bare_values_are_refused_where_there_are_two_inputs() -> None:
    two = {"a": "DT_FLOAT", "b": "DT_FLOAT"}
    assert refusal({"instances": [1]}, **two) == (
        "instances is a plain list, but expecting list of objects as multiple input tensors "
        "required as per tensorinfo_map"
    )
    assert refusal({"inputs": 1}, **two) == (
        "inputs is a plain value/list, but expecting an object as multiple input tensors "
        "required as per tensorinfo_map"
    )


def test_type_without_a_json_form_is_unimplemented_as_a_column_and_invalid_as_a_row() -> None:
    with pytest.raises(Unimplemented, match="Conversion of JSON Value: 1 to type: half"):
        arrays({"inputs": 1}, x="DT_HALF")
    assert refusal({"instances": [1]}, x="DT_HALF") == (
        "Failed to process element: 0 of 'instances' list. "
        "Error: UNIMPLEMENTED: Conversion of JSON Value: 1 to type: half"
    )


@pytest.mark.parametrize("key", ["inputs", "instances"])
@pytest.mark.parametrize("depth", [65, 70, 300])
def test_lists_nested_too_deeply_are_refused(key: str, depth: int) -> None:
    body = parse_json(f'{{"{key}": {"[" * depth}1{"]" * depth}}}'.encode())
    with pytest.raises(InvalidArgument, match="nested"):
        to_arrays(body, signature(x="DT_FLOAT"))


@pytest.mark.parametrize("depth", [70, 500, 900, 1000])
def test_objects_nested_too_deeply_are_refused(depth: int) -> None:
    text = '{"inputs": {"x": ' + '{"a":' * depth + "1" + "}" * depth + "}}"
    with pytest.raises(InvalidArgument):
        to_arrays(parse_json(text.encode()), signature(x="DT_FLOAT"))


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(body: bytes) -> None:
    with pytest.raises(ServingError):
        to_arrays(parse_json(b"\xff" + body), signature(x="DT_FLOAT"))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(values, st.sampled_from(["DT_FLOAT", "DT_INT32", "DT_BOOL", "DT_STRING", "DT_HALF"]))
def test_no_json_raises_anything_else(value: object, dtype: str) -> None:
    for key in ("instances", "inputs"):
        try:
            found = arrays({key: value}, x=dtype)
        except ServingError as error:
            json.dumps(str(error), ensure_ascii=False).encode()
            continue
        assert set(found) == {"x"}
