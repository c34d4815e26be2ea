"""app.notation"""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.notation import Notation, Unusable, notation_of, read, write

BOMB = '<!DOCTYPE l [<!ENTITY a "aaaaaa"><!ENTITY b "&a;&a;&a;">]><xml><A>&b;</A></xml>'
EXTERNAL = "<!DOCTYPE x SYSTEM 'file:///etc/passwd'><xml/>"
SPEAKABLE = st.characters(codec="utf-8", categories=["L", "M", "N", "P", "S", "Z"])
NAMES = st.text(st.sampled_from("AbcXYZ_"), min_size=1)


@pytest.mark.parametrize(
    ("body", "notation"),
    [
        (b"<xml/>", "xml"),
        (b'{"a": 1}', "json"),
        ("\ufeff {".encode(), "json"),
        (b"[]", "xml"),
        (b"", "xml"),
    ],
)
def test_notation_is_told_by_the_first_character(body: bytes, notation: str) -> None:
    assert notation_of(body) == notation


@pytest.mark.parametrize(
    "body",
    [
        "<xml><A><![CDATA[1]]></A><B>你好 &lt;</B><C/></xml>",
        '{"A": 1, "B": "你好 <", "C": ""}',
        '\ufeff\r\n{"A": "1", "B": "\\u4f60\\u597d <", "C": "", "D": null, "E": [1, {}]}',
        "\ufeff<?xml version='1.0' encoding='gbk'?><xml><A>1</A><B>你好 &#60;</B><C> </C></xml>",
    ],
)
def test_fields_are_the_same_in_both_notations(body: str) -> None:
    assert read(body.encode()) == {"A": "1", "B": "你好 <", "C": ""}


def test_long_numbers_keep_every_digit() -> None:
    assert read(b'{"MsgId": 9223372036854775807, "X": 23.1345210}') == {
        "MsgId": "9223372036854775807",
        "X": "23.1345210",
    }


def test_what_xml_cannot_hold_is_left_out_of_json_too() -> None:
    assert read(b'{"Content": "a\\u0000b\\ud83dc\\uffff\\u0008d"}') == {"Content": "abcd"}


def test_depth_is_no_trouble() -> None:
    assert read(b"<xml>" + b"<a>" * 9000 + b"</a>" * 9000 + b"<b>1</b></xml>") == {"b": "1"}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"hello", id="words"),
        pytest.param(b"[1]", id="JSON array"),
        pytest.param(b"<xml><A>1</A><A>1</A></xml>", id="XML twice"),
        pytest.param(b'{"A": 1, "A": 1}', id="JSON twice"),
        pytest.param(b'{"A": 1} {}', id="two of them"),
        pytest.param(b'{"A": ', id="JSON cut off"),
        pytest.param(b"<xml><A>1</A>", id="XML cut off"),
        pytest.param(b'{"A":' + b"[" * 60_000, id="deep JSON"),
        pytest.param(b'{"A":' * 10_000, id="deep objects"),
        pytest.param(b"<a>" * 20_000, id="deep XML"),
        pytest.param(BOMB.encode(), id="entities"),
        pytest.param(EXTERNAL.encode(), id="external entity"),
        pytest.param(b"<xml><A>&nbsp;</A></xml>", id="unknown entity"),
        pytest.param(b"<xml><A>\0</A></xml>", id="NUL"),
        pytest.param(b"<xml><A>&#0;</A></xml>", id="NUL in disguise"),
        pytest.param(b"<xml><A>&#xD800;</A></xml>", id="half an emoji"),
        pytest.param(b"<xml><A>\xed\xa0\x80</A></xml>", id="half an emoji in bytes"),
        pytest.param(b"<xml><A>\xff</A></xml>", id="no UTF-8"),
        pytest.param("<xml><A>你好</A></xml>".encode("gbk"), id="GBK"),
        pytest.param(
            "<?xml version='1.0' encoding='gbk'?><xml><A>你好</A></xml>".encode("gbk"),
            id="GBK that says so",
        ),
        pytest.param("<xml><A>1</A></xml>".encode("utf-16"), id="UTF-16"),
        pytest.param('{"A": 1}'.encode("utf-16-le"), id="UTF-16 without a mark"),
    ],
)
def test_what_cannot_be_read_is_refused_at_once(body: bytes) -> None:
    started = time.monotonic()
    with pytest.raises(Unusable) as caught:
        read(body)
    assert time.monotonic() - started < 5  # on a busy machine; what is expanded takes minutes
    assert len(str(caught.value)) < 100


@given(st.binary(max_size=300), st.sampled_from([b"", b"{", b'{"A":', b"<xml>", b"<!"]))
def test_no_bytes_raise_anything_else(body: bytes, opening: bytes) -> None:
    with contextlib.suppress(Unusable):
        read(opening + body)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
    max_leaves=5,
)


@hypothesis_settings(max_examples=30)
@given(st.dictionaries(st.text(), _VALUES, max_size=5))
def test_any_json_object_is_read(found: dict[str, Any]) -> None:
    for value in read(json.dumps(found).encode()).values():
        assert value.encode() == value.encode("utf-8", "strict")


@given(st.dictionaries(NAMES, st.text(SPEAKABLE).map(str.strip)), st.sampled_from(["xml", "json"]))
def test_what_is_written_is_read_again(fields: dict[str, str], notation: Notation) -> None:
    assert read(write(fields, notation)) == fields


@pytest.mark.parametrize("notation", ["xml", "json"])
@given(text=st.text())
def test_any_text_can_be_written(notation: Notation, text: str) -> None:
    assert read(write({"Content": text, "CreateTime": 1}, notation))["CreateTime"] == "1"


def test_text_cannot_break_out_of_its_element() -> None:
    said = "a]]></Content><MsgType>x"
    root = fromstring(write({"Content": said}, "xml").decode())
    assert [(child.tag, child.text) for child in root] == [("Content", said)]


def test_numbers_are_written_bare() -> None:
    assert write({"CreateTime": 5}, "xml") == b"<xml><CreateTime>5</CreateTime></xml>"
    assert write({"CreateTime": 5}, "json") == b'{"CreateTime": 5}'
