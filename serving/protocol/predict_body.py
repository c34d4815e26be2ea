"""The body of a predict request: JSON in, one array for each input of a signature out.

Rules and error texts: FillPredictRequestFromJson in tensorflow_serving/util/json_tensor.cc, cited
as jt:LINE or by function. First the JSON, then the signature's name; then the model is looked up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from serving.errors import InvalidArgument, ServingError
from serving.protocol.json_parse import format_error, show
from serving.protocol.json_tensor import Array, is_b64, to_array
from serving.protocol.signature import Signature

_TOGETHER = 1000  # rows that are checked at once

# What is wrong with a body, in the order in which TensorFlow Serving looks: the first that is true
# is answered. "instances" are rows, one item each; "inputs" are columns, one array a name.
_RULES: tuple[tuple[Callable[[Mapping[str, Any]], bool], str], ...] = (
    (
        lambda body: "instances" in body and "inputs" in body,
        "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ",
    ),
    (
        lambda body: "instances" in body and not isinstance(body["instances"], list),
        "Excepting 'instances' to be an list/array",
    ),
    (lambda body: body.get("instances") == [], "No values in 'instances' array"),
)


def signature_name(body: Mapping[str, Any]) -> str:
    """Return the name of the signature asked for, "" where none is; raise InvalidArgument."""
    name = body.get("signature_name", "")
    if not isinstance(name, str):  # FormatSignatureError
        raise format_error(
            body, "not formatted correctly. 'signature_name' key must be a string value."
        )
    return name


def is_row(body: Mapping[str, Any]) -> bool:
    """True for the row form, "instances"; the answer has the form of the question."""
    return "instances" in body


def to_arrays(body: Mapping[str, Any], signature: Signature) -> dict[str, Array]:
    """Return one array for each input of the signature; raise InvalidArgument or Unimplemented."""
    for is_broken, words in _RULES:
        if is_broken(body):
            raise format_error(body, words)
    if is_row(body):
        return _of_rows(body["instances"], signature)
    if "inputs" in body:
        return _arrays(_columns(body["inputs"], signature), signature)
    raise InvalidArgument("Missing 'inputs' or 'instances' key")  # jt:704


def _arrays(columns: Mapping[str, Any], signature: Signature) -> dict[str, Array]:
    return {name: to_array(columns[name], info.dtype) for name, info in signature.inputs.items()}


def _columns(data: Any, signature: Signature) -> Mapping[str, Any]:
    """Return the value of each input; names that are not inputs are ignored."""
    if not _is_named(data):
        if len(signature.inputs) > 1:
            raise InvalidArgument(
                "inputs is a plain value/list, but expecting an object as multiple input tensors "
                "required as per tensorinfo_map"
            )
        return dict.fromkeys(signature.inputs, data)
    for name in signature.inputs:
        if name not in data:
            raise InvalidArgument(f"Missing named input: {name} in 'inputs' object.")
    columns: Mapping[str, Any] = data
    return columns


def _of_rows(rows: list[Any], signature: Signature) -> dict[str, Array]:
    """Return the arrays; all rows go into them at once, which is faster than one by one."""
    named = _is_named(rows[0])
    if not named and len(signature.inputs) > 1:
        raise InvalidArgument(
            "instances is a plain list, but expecting list of objects as multiple input tensors "
            "required as per tensorinfo_map"
        )
    try:
        return _arrays(_transpose(rows, signature, named=named), signature)
    except (ServingError, KeyError):
        _find_fault(rows, signature, named=named)
        raise


def _transpose(rows: list[Any], signature: Signature, *, named: bool) -> dict[str, list[Any]]:
    """Return the rows' values by input; raise KeyError where a row is not as it should be."""
    if dict not in set(map(type, rows)):  # the usual case, seen in one pass in C
        return dict.fromkeys(signature.inputs, rows)
    if any(_is_named(row) is not named for row in rows):
        raise KeyError
    if not named:
        return dict.fromkeys(signature.inputs, rows)
    if any(row.keys() != signature.inputs.keys() for row in rows):
        raise KeyError
    return {name: [row[name] for row in rows] for name in signature.inputs}


def _find_fault(rows: list[Any], signature: Signature, *, named: bool) -> None:
    """Raise for the first row that is wrong: FillTensorMapFromInstancesList."""
    shapes: dict[str, tuple[int, ...]] = {}
    for index, row in _suspects(rows, signature, named=named):
        if _is_named(row) is not named:
            kinds = "object but got list" if named else "value/list but got object"
            raise InvalidArgument(f"Expecting {kinds} at item {index} of input list")
        if not named:
            _check_item(f"{index}", (next(iter(signature.inputs)), row), signature, shapes)
            continue
        for item in row.items():
            _check_item(f"{index} key: {item[0]}", item, signature, shapes)
        if row.keys() != signature.inputs.keys():
            raise InvalidArgument(
                f"Failed to process element: {index} of 'instances' list. JSON object: {show(row)} "
                f"keys must be equal to: {','.join(sorted(signature.inputs))}"
            )


def _suspects(rows: list[Any], signature: Signature, *, named: bool) -> Iterator[tuple[int, Any]]:
    """Give the first row and those around the first that is wrong; there may be a million."""
    yield 0, rows[0]
    for start in range(0, len(rows), _TOGETHER):
        some = rows[start : start + _TOGETHER]
        try:
            _arrays(_transpose([rows[0], *some], signature, named=named), signature)
        except (ServingError, KeyError):
            yield from enumerate(some, start)


def _check_item(
    element: str, item: tuple[str, Any], signature: Signature, shapes: dict[str, tuple[int, ...]]
) -> None:
    """Raise for a value that is wrong, or is of another shape than those before it.

    Whatever is wrong makes it InvalidArgument; the text says what it was (jt:585).
    """
    try:
        _add_item(*item, signature, shapes)
    except ServingError as error:
        raise InvalidArgument(
            f"Failed to process element: {element} of 'instances' list. "
            f"Error: {error.code}: {error}"
        ) from None


def _add_item(
    name: str, value: Any, signature: Signature, shapes: dict[str, tuple[int, ...]]
) -> None:  # AddInstanceItem
    if name not in signature.inputs:
        raise InvalidArgument(f"JSON object: does not have named input: {name}")
    shape = to_array(value, signature.inputs[name].dtype).shape
    first = shapes.setdefault(name, shape)
    if math.prod(shape) != math.prod(first):  # jt:463
        raise InvalidArgument(
            f"Expecting tensor size: {math.prod(first)} but got: {math.prod(shape)}"
        )
    if shape != first:
        wanted, found = (",".join(map(str, each)) for each in (first, shape))
        raise InvalidArgument(f"Expecting shape [{wanted}] but got: [{found}]")


def _is_named(value: Any) -> bool:
    """True for {"input": value, …}; {"b64": "…"} is itself a value."""
    return isinstance(value, dict) and not is_b64(value)
