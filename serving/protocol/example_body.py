"""The body of a classify or regress request: JSON in, serialized tf.Examples out.

Rules and error texts: FillClassifyRegressRequestFromJson and AddValueToFeature in
tensorflow_serving/util/json_tensor.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from serving import deadline
from serving.errors import InvalidArgument
from serving.protocol.example_pb2 import Example, Feature, Input
from serving.protocol.json_parse import format_error, json_type, too_big
from serving.protocol.json_tensor import decode_b64, is_b64

_KINDS = {"bytes_list": "bytes", "float_list": "float", "int64_list": "int64"}


def _from_bool(item: bool, _name: str) -> int:  # noqa: FBT001  # one of the table
    return int(item)


def _from_int(item: int, name: str) -> int:
    if item >= 2**63:
        raise InvalidArgument(f"Feature: {name} has uint64_t element. Only int64_t is supported.")
    return item


def _from_float(item: float, _name: str) -> float:
    return item


def _from_str(item: str, _name: str) -> bytes:
    return item.encode()


def _from_b64(item: dict[str, Any], _name: str) -> bytes:
    return decode_b64(item)


# The kind of list that a feature keeps values of a JSON type in, and how they get there.
_RULES: dict[type, tuple[str, Callable[[Any, str], Any]]] = {
    bool: ("int64_list", _from_bool),
    int: ("int64_list", _from_int),
    float: ("float_list", _from_float),
    str: ("bytes_list", _from_str),
    dict: ("bytes_list", _from_b64),
}


def to_input(body: Mapping[str, Any]) -> Input:
    """Return the examples, with their context if there is one; raise InvalidArgument."""
    context = _example(body["context"]) if "context" in body else None
    examples = [_example(each) for each in _examples(body)]
    found = Input()
    if context is None:
        found.example_list.examples.extend(examples)
    else:
        found.example_list_with_context.context = context
        found.example_list_with_context.examples.extend(examples)
    return found


def _examples(body: Mapping[str, Any]) -> list[Any]:
    if "examples" not in body:
        raise format_error(
            body, "When method is classify, key 'examples' is expected and was not found"
        )
    examples = body["examples"]
    if not isinstance(examples, list):
        raise format_error(body, "Expecting 'examples' value to be an list/array")
    if not examples:
        raise format_error(body, "'examples' value is an empty array")
    return examples


def _example(value: Any) -> bytes:
    """Return {"feature": value or [value, …], …} as a serialized Example."""
    deadline.remaining()  # there may be a million
    if not isinstance(value, dict):
        raise InvalidArgument(f"Example must be JSON object but got JSON {json_type(value)}")
    example = Example()
    for name, content in value.items():
        feature = example.features.feature[name]
        for item in content if isinstance(content, list) else [content]:
            _add(item, name, feature)
    return example.SerializeToString(deterministic=True)


def _add(item: Any, name: str, feature: Feature) -> None:
    """Add a value to a feature, all of whose values are of one kind."""
    if type(item) is int and not -(2**63) <= item < 2**64:
        item = _double(item)
    if type(item) not in _RULES or (isinstance(item, dict) and not is_b64(item)):
        raise InvalidArgument(
            f"Feature: {name} has element with unexpected JSON type: {json_type(item)}"
        )
    kind, convert = _RULES[type(item)]
    found = feature.WhichOneof("kind")
    if found not in {None, kind}:
        raise InvalidArgument(
            f"Unexpected element type in feature: {name} expecting type: {_KINDS[found]}"
        )
    getattr(feature, kind).value.append(convert(item, name))


def _double(item: int) -> float:
    """Return a whole number that is too large for 64 bits, as RapidJSON reads it."""
    try:
        return float(item)
    except OverflowError:
        raise too_big() from None
