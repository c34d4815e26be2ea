"""A request's body to a JSON document, as RapidJSON reads it for TensorFlow Serving.

Source: ParseJson in tensorflow_serving/util/json_tensor.cc: NaN and Infinity are numbers, and what
follows the first document is ignored. Its error texts: rapidjson/error/en.h.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from typing import Any

import numpy as np
import orjson

from serving.errors import InvalidArgument
from serving.protocol import json_float

MOST_VALUES = 10_000_000  # in one body; each takes up to 40 bytes of memory
_BLANKS = " \t\n\r"  # what JSON calls whitespace
_MARK = "\ufeff"  # may stand before the document, to say that it is UTF-8
_LARGEST_FLOAT = float(np.finfo(np.float32).max)
_SHOWN = 1000  # characters of a wrong value that an error repeats

# What Python's decoder says: what RapidJSON says. Of a comma it says in what it is missing.
_VALUE, _DELIMITER = "Expecting value", "Expecting ',' delimiter"
_UNTERMINATED, _HEX = "Unterminated string starting at", "Invalid \\uXXXX escape"
_WORDS = {
    "Expecting property name enclosed in double quotes": "Missing a name for object member.",
    "Expecting ':' delimiter": "Missing a colon after a name of object member.",
    _VALUE: "Invalid value.",
    _UNTERMINATED: "Missing a closing quotation mark in string.",
    "Invalid control character at": "Invalid encoding in string.",
    "Invalid \\escape": "Invalid escape character in string.",
    _HEX: "Incorrect hex digit after \\u escape in string.",
}
_COMMA = {
    "{": "Missing a comma or } after an object member.",
    "[": "Missing a comma or ] after an array element.",
}
_LITERALS = ("true", "false", "null", "NaN", "Infinity", "-NaN", "-Infinity")
# What RapidJSON takes besides, by what Python's decoder takes.
_OTHER_WORDS = {"Inf": "Infinity", "-NaN": "NaN"}
_STRING_OR_WORD = re.compile(r'"(?:[^"\\]|\\.)*+"?|Inf(?!i)|-NaN', re.DOTALL)
_STRING_OR_NUMBER = re.compile(r'"(?:[^"\\]|\\.)*+"?|[0-9+.eE-]+', re.DOTALL)
_ESCAPE_AT_THE_END = re.compile(r"u[0-9A-Fa-f]{4}")
_TYPES: dict[type, str] = {
    type(None): "Null",
    int: "Number",
    float: "Number",
    str: "String",
    dict: "Object",
    list: "Array",
}
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


def too_big() -> InvalidArgument:
    """Return the error for a number that no double can hold."""
    return InvalidArgument("JSON Parse error: Number too big to be stored in double.")


class _TooBig(ValueError):
    """A number that no double can hold; its text is that of the number."""


def _to_float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _TooBig(text)
    return number


_DECODER = json.JSONDecoder(parse_float=_to_float)


def parse_json(body: bytes) -> dict[str, Any]:
    """Return the object that the body is; raise InvalidArgument."""
    if not body:
        raise InvalidArgument("JSON Parse error: The document is empty")  # jt:475
    if len(body) > MOST_VALUES and body.count(b",") >= MOST_VALUES:
        raise InvalidArgument(
            f"JSON Parse error: the document has {body.count(b',') + 1:,} values or more; "
            f"this server takes {MOST_VALUES:,}"
        )
    document = _load(body)
    if not isinstance(document, dict):
        raise format_error(document, "Is not object")
    return document


def _load(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _load_leniently(body)


def _load_leniently(body: bytes) -> Any:
    """Return the first document, of what is not strictly JSON."""
    text = body.decode("utf-8", "surrogateescape")
    start = len(text) - len(text.removeprefix(_MARK).lstrip(_BLANKS))
    if start == len(text):
        raise InvalidArgument(f"JSON Parse error: The document is empty. at offset: {_size(text)}")
    ours = _STRING_OR_WORD.sub(lambda found: _OTHER_WORDS.get(found[0], found[0]), text)
    try:
        document, _ = _DECODER.raw_decode(ours, start)
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InvalidArgument(
            "JSON Parse error: a string holds half a surrogate pair, or bytes that are not UTF-8"
        ) from None
    except RecursionError:
        raise InvalidArgument("JSON Parse error: the document is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise InvalidArgument(f"JSON Parse error: {_in_rapidjson_s_words(error, text)}") from None
    except _TooBig as error:
        offset = _size(text[: _place_of_number(text, str(error))])
        raise InvalidArgument(
            f"JSON Parse error: Number too big to be stored in double. at offset: {offset}"
        ) from None
    except ValueError as error:  # a whole number of more than 4,300 digits
        raise InvalidArgument(f"JSON Parse error: {error}") from None
    return document


def _place_of_number(text: str, number: str) -> int:
    """Return where the number begins: the first such one that stands in no string."""
    found = _STRING_OR_NUMBER.finditer(text)
    return next(each.start() for each in found if each[0].startswith(number))


def _in_rapidjson_s_words(error: json.JSONDecodeError, text: str) -> str:
    """Return what is wrong with the text, and where RapidJSON could go on no longer."""
    place = _original(text, error.pos)
    words, further = _fault(error.msg, text[:place], text[place:])
    return f"{words} at offset: {_size(text[: place + further])}"


def _original(text: str, place: int) -> int:
    """Return where in the text is what Python's decoder found at a place, in words of its own."""
    for found in _STRING_OR_WORD.finditer(text):
        if found.start() >= place:
            break
        place -= len(_OTHER_WORDS.get(found[0], found[0])) - len(found[0])
    return place


def _fault(message: str, before: str, there: str) -> tuple[str, int]:
    """Return what is wrong, and how many characters after the place that Python tells."""
    if message == _VALUE:
        return _WORDS[message], max(_alike(each, there) for each in _LITERALS)
    if message == _DELIMITER:
        return _fault_after_value(before, there)
    if message == _HEX and not _ESCAPE_AT_THE_END.fullmatch(there):
        return _WORDS[message], -1  # where the backslash is
    if message in {_HEX, _UNTERMINATED}:
        is_cut = (len(there) - len(there.rstrip("\\"))) % 2 == 1  # a backslash, and the end
        return _WORDS["Invalid \\escape" if is_cut else _UNTERMINATED], len(there) - is_cut
    return _WORDS.get(message, message), 0


def _fault_after_value(before: str, there: str) -> tuple[str, int]:
    number = before[len(before.rstrip("0123456789+-.eE")) :].lower()
    following = there[:1].lower()
    if number[-1:].isdigit() and following == "." and not {".", "e"} & set(number):
        return "Miss fraction part in number.", 1
    if number[-1:].isdigit() and following == "e" and "e" not in number:
        return "Miss exponent in number.", 2 if there[1:2] in {"+", "-"} else 1
    return _COMMA[_innermost(before)], 0


def _alike(first: str, second: str) -> int:
    """Return how many characters both begin with."""
    pairs = zip(first, second, strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))


def _innermost(text: str) -> str:
    """Return the bracket that is still open at the end of the text."""
    still_open: list[str] = []
    for found in _STRING_OR_BRACKET.findall(text):
        if found in "[{":
            still_open.append(found)
        elif found in "]}":
            still_open.pop()
    return still_open[-1]


def json_type(value: Any) -> str:
    """Return what RapidJSON calls the type of the value: JsonTypeString."""
    return str(value) if isinstance(value, bool) else _TYPES[type(value)]


def format_error(value: Any, words: str) -> InvalidArgument:
    """Return TensorFlow Serving's error for a value that is not as it should be: FormatError."""
    return InvalidArgument(f"JSON Value: {show(value)} {words}")


def show(value: Any) -> str:
    """Return the value as TensorFlow Serving repeats it in errors; of a long one the beginning."""
    if isinstance(value, float):  # JsonValueToString: a float's digits where it fits into one
        kind = np.float32 if abs(value) <= _LARGEST_FLOAT else np.float64
        return json_float.dump(np.array([value], kind))[1:-1]
    try:
        text = json.dumps(value, indent=4, ensure_ascii=False)
    except RecursionError:  # what could just be read may be too deep to be written
        return "…"
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
