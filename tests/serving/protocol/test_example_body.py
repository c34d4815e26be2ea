"""serving.protocol.example_body: classify and regress bodies (util/json_tensor.cc)."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.errors import InvalidArgument
from serving.protocol.example_body import to_input
from serving.protocol.example_pb2 import Example


def features(**content: object) -> Any:
    (example,) = to_input({"examples": [content]}).example_list.examples
    return Example.FromString(example).features.feature


def test_kind_of_a_feature_is_that_of_its_json() -> None:
    found = features(f=1.5, i=[1, 2], b=[True, False], s="é", x={"b64": "aGVsbG8="}, none=[])
    assert list(found["f"].float_list.value) == [1.5]
    assert list(found["i"].int64_list.value) == [1, 2]
    assert list(found["b"].int64_list.value) == [1, 0]
    assert list(found["s"].bytes_list.value) == ["é".encode()]
    assert list(found["x"].bytes_list.value) == [b"hello"]
    assert found["none"].WhichOneof("kind") is None


def test_number_beyond_a_float_is_infinite() -> None:
    assert list(features(f=[1e39, -1e39])["f"].float_list.value) == [math.inf, -math.inf]


def test_context_is_kept_apart() -> None:
    found = to_input({"context": {"x": 1.0}, "examples": [{}, {}]})
    with_context = found.example_list_with_context
    assert len(with_context.examples) == 2
    assert Example.FromString(with_context.context).features.feature["x"].float_list.value == [1.0]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "When method is classify, key 'examples' is expected and was not found"),
        ({"examples": 1}, "Expecting 'examples' value to be an list/array"),
        ({"examples": []}, "'examples' value is an empty array"),
        ({"examples": [1]}, "Example must be JSON object but got JSON Number"),
        ({"examples": [{}], "context": None}, "Example must be JSON object but got JSON Null"),
        ({"examples": [{"x": None}]}, "Feature: x has element with unexpected JSON type: Null"),
        ({"examples": [{"x": [[1]]}]}, "Feature: x has element with unexpected JSON type: Array"),
        ({"examples": [{"x": {}}]}, "Feature: x has element with unexpected JSON type: Object"),
        (
            {"examples": [{"x": [1, 2.5]}]},
            "Unexpected element type in feature: x expecting type: int64",
        ),
        (
            {"examples": [{"x": ["a", 1]}]},
            "Unexpected element type in feature: x expecting type: by",
        ),
        ({"examples": [{"x": 2**63}]}, "x has uint64_t element. Only int64_t is supported."),
        ({"examples": [{"x": {"b64": "_"}}]}, "Unable to base64 decode"),
    ],
)
def test_wrong_body_is_refused(body: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        to_input(body)
    assert message in str(caught.value)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["examples", "context"]), values))
def test_no_json_raises_anything_else(body: dict[str, Any]) -> None:
    with contextlib.suppress(InvalidArgument):
        to_input(body)
