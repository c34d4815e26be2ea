"""serving.protocol.json_parse: what RapidJSON takes, and what it says of the rest."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.errors import InvalidArgument
from serving.protocol import json_parse
from serving.protocol.json_parse import parse_json


@pytest.mark.parametrize(
    "body",
    [
        b'{"inputs": 1} and more',
        b'{"inputs": 1}{"inputs": 2}',
        b' {"inputs": 1}}',
        b'{"inputs": 1}\xff',
        b'\xef\xbb\xbf{"inputs": 1}',
    ],
)
def test_what_stands_around_the_document_is_ignored(body: bytes) -> None:
    assert parse_json(body) == {"inputs": 1}  # kParseStopWhenDoneFlag


def test_nan_and_infinity_are_numbers() -> None:  # kParseNanAndInfFlag
    found = parse_json(b'{"inputs": [NaN, -NaN, Infinity, -Infinity, Inf, -Inf]}')["inputs"]
    assert all(map(math.isnan, found[:2]))
    assert found[2:] == [math.inf, -math.inf] * 2
    assert parse_json(b'{"a": "Inf", "b": NaN}')["a"] == "Inf"
    assert parse_json(b'{"a": [NaN, 0.5, -2]}')["a"][1:] == [0.5, -2]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((0.5, "0.5"), (2.0, "2.0"), (math.pi, "3.14159274"), (math.nan, "NaN")),
        (3.4028234663852886e38, "3.40282347e+38"),  # the largest
        (-1e39, "-1e+39"),
    ],
)
def test_float_is_shown_with_a_float_s_digits(value: float, text: str) -> None:
    assert json_parse.show(value) == text  # JsonValueToString


@pytest.mark.parametrize(
    ("body", "words"),
    [  # rapidjson/error/en.h; the empty one is TensorFlow Serving's own, jt:475
        (b"", "The document is empty"),
        (b"  \n", "The document is empty. at offset: 3"),
        (b"{", "Missing a name for object member. at offset: 1"),
        (b"{1", "Missing a name for object member. at offset: 1"),
        (b'{"a":1,}', "Missing a name for object member. at offset: 7"),
        (b'{"a" 1}', "Missing a colon after a name of object member. at offset: 5"),
        (b"hello", "Invalid value. at offset: 0"),
        (b'{"a":}', "Invalid value. at offset: 5"),
        (b'{"a":[1,]}', "Invalid value. at offset: 8"),
        (b'{"a":1', "Missing a comma or } after an object member. at offset: 6"),
        (b'{"a":"]","b":{} 1}', "Missing a comma or } after an object member. at offset: 16"),
        (b'{"a":[1 2]}', "Missing a comma or ] after an array element. at offset: 8"),
        ('{"ä":[1 2]}'.encode(), "Missing a comma or ] after an array element. at offset: 9"),
        (b'{"a":"\\x"}', "Invalid escape character in string. at offset: 6"),
        (b'{"a":"\\u12"}', "Incorrect hex digit after \\u escape in string. at offset: 6"),
        (b'{"a":1e400}', "Number too big to be stored in double. at offset: 5"),
        (b'{"a":[1.]}', "Miss fraction part in number. at offset: 8"),
        (b'{"a":[1e-]}', "Miss exponent in number. at offset: 9"),
        (b'{"a":2E}', "Miss exponent in number. at offset: 7"),
        (b'{"a":tru}', "Invalid value. at offset: 8"),
        (b'{"a":-}', "Invalid value. at offset: 6"),
        (b'{"a":nan}', "Invalid value. at offset: 6"),
        (b'{"a":falsE}', "Invalid value. at offset: 9"),
        (b'{"a":NaM}', "Invalid value. at offset: 7"),
        (b'{"a":-NaM}', "Invalid value. at offset: 8"),
        (b'{"a":Infinite}', "Invalid value. at offset: 12"),
        (b'{"a":-Infinite}', "Invalid value. at offset: 13"),
        (b'{"a":-Ix}', "Invalid value. at offset: 7"),
        (b'{"a":"b', "Missing a closing quotation mark in string. at offset: 7"),
        (b'{"a":"b\\\\', "Missing a closing quotation mark in string. at offset: 9"),
        (b'{"a":"\\u00e4', "Missing a closing quotation mark in string. at offset: 12"),
        (b'{"a":"b\\', "Invalid escape character in string. at offset: 7"),
        (b'{"a":"b\n"}', "Invalid encoding in string. at offset: 7"),
        (b'{"a":1.+}', "Miss fraction part in number. at offset: 7"),
        (b'{"a":[1.5e]}', "Miss exponent in number. at offset: 10"),
        (b'{"a":[1.5.]}', "Missing a comma or ] after an array element. at offset: 9"),
        (b'{"a":[1e5.]}', "Missing a comma or ] after an array element. at offset: 9"),
        (b'{"a":[1E5E]}', "Missing a comma or ] after an array element. at offset: 9"),
        (b'{"a":[-1.]}', "Miss fraction part in number. at offset: 9"),
        (b'{"a":[null.]}', "Missing a comma or ] after an array element. at offset: 10"),
        (b'{"a":["x"e]}', "Missing a comma or ] after an array element. at offset: 9"),
        (b'{"a":[true.]}', "Missing a comma or ] after an array element. at offset: 10"),
        (b'{"a":[[],{} 1]}', "Missing a comma or ] after an array element. at offset: 12"),
        (b'{"a":[Inf1]}', "Missing a comma or ] after an array element. at offset: 9"),
        (b'{"a":[1 -NaN]}', "Missing a comma or ] after an array element. at offset: 8"),
        (b'{"a":[Inf,-NaN 1]}', "Missing a comma or ] after an array element. at offset: 15"),
        (b'{"1e400":[1,1e400]}', "Number too big to be stored in double. at offset: 12"),
        (b'{"a":-1e400x}', "Number too big to be stored in double. at offset: 5"),
        (b'{"\xff" 1}', "Missing a colon after a name of object member. at offset: 5"),
        (b'\xef\xbb\xbf{"a":}', "Invalid value. at offset: 8"),
        (b"\xef\xbb\xbf ", "The document is empty. at offset: 4"),
    ],
)
def test_words_are_rapidjson_s(body: bytes, words: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse_json(body)
    assert str(caught.value) == f"JSON Parse error: {words}"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"\\udc00": 1}', "surrogate"),
        (b'{"a": "\xff"}', "UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "UTF-8"),
        (b'{"a":' + b"[" * 100_000, "nested too deeply"),
        (b'{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}", "nested too deeply"),
        (b'{"a":[NaN,' + b"1" * 5_000 + b"]}", "digits"),
    ],
)
def test_body_that_we_take_less_of_than_tensorflow_serving(body: bytes, words: str) -> None:
    with pytest.raises(InvalidArgument, match=f"^JSON Parse error: .*{words}"):
        parse_json(body)


def test_document_that_is_no_object_is_shown() -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse_json(b"[1]")
    assert str(caught.value) == "JSON Value: [\n    1\n] Is not object"


def test_too_many_values_are_refused_before_they_take_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(json_parse, "MOST_VALUES", 3)
    assert parse_json(b'{"a": [1, 2, 3]}')
    with pytest.raises(InvalidArgument, match="has 4 values or more; this server takes 3"):
        parse_json(b'{"a": [1, 2, 3, 4]}')


@given(st.binary(max_size=200) | st.text(alphabet='{}[]":,\\ue1.-aN ', max_size=40).map(str.encode))
def test_no_bytes_raise_anything_else(body: bytes) -> None:
    with contextlib.suppress(InvalidArgument):
        assert isinstance(parse_json(body), dict)
