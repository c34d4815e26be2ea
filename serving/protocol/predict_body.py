"""The body of a predict request: JSON in, one array for each input of a signature out.

Rules and error texts: tensorflow_serving/util/json_tensor.cc, cited as jt:LINE or by function.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from collections.abc import Mapping
from typing import Any

import orjson

from serving.errors import InvalidArgument, ServingError
from serving.protocol.json_tensor import Array, is_b64, show, to_array
from serving.protocol.signature import Signature

_DECODER = json.JSONDecoder()
_BLANKS = " \t\n\r"  # what JSON calls whitespace


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PredictBody:
    """A predict request, parsed but not yet turned into arrays."""

    signature_name: str
    row: bool  # "instances": one item a row; otherwise "inputs": one array a name
    data: Any


def parse_body(body: bytes) -> PredictBody:
    """Read a predict body; raise InvalidArgument where it is not one."""
    if not body.strip():
        raise InvalidArgument("JSON Parse error: The document is empty")  # jt:475
    document = _load(body)
    if not isinstance(document, dict):
        raise InvalidArgument("Request body must be a JSON object")
    name = document.get("signature_name", "serving_default")
    if not isinstance(name, str):
        raise InvalidArgument("'signature_name' key must be a string value.")
    if "instances" in document and "inputs" in document:
        raise InvalidArgument("Not expecting both 'inputs' and 'instances' keys.")
    if "instances" in document:
        return PredictBody(signature_name=name, row=True, data=document["instances"])
    if "inputs" in document:
        return PredictBody(signature_name=name, row=False, data=document["inputs"])
    raise InvalidArgument("Missing 'inputs' or 'instances' key")  # jt:704


def _load(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _load_leniently(body)


def _load_leniently(body: bytes) -> Any:
    """Return the first document: NaN, Infinity and text after it are allowed here, if not in JSON.

    ParseJson reads with kParseNanAndInfFlag and kParseStopWhenDoneFlag, and skips a UTF-8 mark.
    """
    text = body.decode("utf-8-sig", "surrogateescape").lstrip(_BLANKS)
    try:
        document, _ = _DECODER.raw_decode(text)
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InvalidArgument(
            "JSON Parse error: a string holds half a surrogate pair, or bytes that are not UTF-8"
        ) from None
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(f"JSON Parse error: {error}") from None
    return document


def to_arrays(body: PredictBody, signature: Signature) -> dict[str, Array]:
    """Return one array for each input of the signature; raise InvalidArgument or Unimplemented."""
    if not body.row:
        return _arrays(_columns(body.data, signature), signature)
    columns = _columns_of_rows(body.data, signature)
    try:
        return _arrays(columns, signature)
    except ServingError as error:
        _find_fault(columns, signature, named=_is_named(body.data[0]))
        raise InvalidArgument(
            f"Failed to process 'instances' list. Error: {error.code}: {error}"
        ) from None


def _arrays(columns: Mapping[str, Any], signature: Signature) -> dict[str, Array]:
    return {name: to_array(columns[name], info.dtype) for name, info in signature.inputs.items()}


def _columns(data: Any, signature: Signature) -> Mapping[str, Any]:
    columns = data if _is_named(data) else {_only_input(signature): data}
    missing = signature.inputs.keys() - columns.keys()
    if missing:
        raise InvalidArgument(f"Missing named input(s): {', '.join(sorted(missing))}")
    return columns


def _columns_of_rows(rows: Any, signature: Signature) -> dict[str, list[Any]]:
    if not isinstance(rows, list) or not rows:
        raise InvalidArgument("'instances' must be a list with at least one value")
    named = _is_named(rows[0])
    found = [index for index, row in enumerate(rows) if _is_named(row) is not named]
    if found:  # FillTensorMapFromInstancesList
        kinds = "object but got list" if named else "value/list but got object"
        raise InvalidArgument(f"Expecting {kinds} at item {found[0]} of input list")
    if not named:
        return {_only_input(signature): rows}
    for index, row in enumerate(rows):
        _check_keys(index, row, signature)
    return {name: [row[name] for row in rows] for name in signature.inputs}


def _check_keys(index: int, row: Mapping[str, Any], signature: Signature) -> None:
    if row.keys() != signature.inputs.keys():
        raise InvalidArgument(
            f"Failed to process element: {index} of 'instances' list. JSON object: {show(row)} "
            f"keys must be equal to: {','.join(sorted(signature.inputs))}"
        )


def _find_fault(columns: Mapping[str, list[Any]], signature: Signature, *, named: bool) -> None:
    """Raise for the first row that is wrong: arrays are made of all rows at once, which is faster.

    Whatever is wrong with a row makes it InvalidArgument; the text says what it was (jt:585).
    """
    shapes: dict[str, tuple[int, ...]] = {}
    count = len(next(iter(columns.values())))
    for index, name in itertools.product(range(count), columns):
        try:
            shape = to_array(columns[name][index], signature.inputs[name].dtype).shape
            _check_shape(shapes.setdefault(name, shape), shape)
        except ServingError as error:
            key = f" key: {name}" if named else ""
            raise InvalidArgument(
                f"Failed to process element: {index}{key} of 'instances' list. "
                f"Error: {error.code}: {error}"
            ) from None


def _check_shape(first: tuple[int, ...], shape: tuple[int, ...]) -> None:  # jt:463
    size, expected = math.prod(shape), math.prod(first)
    if size != expected:
        raise InvalidArgument(f"Expecting tensor size: {expected} but got: {size}")
    if shape != first:
        wanted, found = (",".join(map(str, each)) for each in (first, shape))
        raise InvalidArgument(f"Expecting shape [{wanted}] but got: [{found}]")


def _is_named(value: Any) -> bool:
    """True for {"input": value, …}; {"b64": "…"} is itself a value."""
    return isinstance(value, dict) and not is_b64(value)


def _only_input(signature: Signature) -> str:
    if len(signature.inputs) != 1:
        names = ", ".join(sorted(signature.inputs))
        raise InvalidArgument(
            f"The model has {len(signature.inputs)} inputs ({names}): give each value by its name"
        )
    return next(iter(signature.inputs))
