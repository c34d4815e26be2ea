"""The answers to predict, classify and regress: arrays in, JSON out, as TensorFlow Serving's.

Rules and error texts: tensorflow_serving/util/json_tensor.cc, cited by function.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from serving.errors import InvalidArgument
from serving.protocol import json_float, tensor
from serving.protocol.json_tensor import Array
from serving.protocol.prediction_service_pb2 import Class, ClassificationResult, RegressionResult


def format_answer(outputs: Mapping[str, Array], *, row: bool) -> bytes:
    """Return {"predictions": …} for rows, {"outputs": …} for columns; raise InvalidArgument."""
    if not outputs:  # MakeJsonFromTensors
        raise InvalidArgument("Cannot convert empty tensor map to JSON")
    if row:
        return f'{{"predictions":{_row_form(outputs)}}}'.encode()
    values = {name: _dump(name, array) for name, array in outputs.items()}
    value = next(iter(values.values())) if len(values) == 1 else _object(values)
    return f'{{"outputs":{value}}}'.encode()


def format_named(outputs: Mapping[str, Array]) -> bytes:
    """Return {output: …}, as Simple TensorFlow Serving answers; raise InvalidArgument."""
    return _object({name: _dump(name, array) for name, array in outputs.items()}).encode()


def _row_form(outputs: Mapping[str, Array]) -> str:
    """Return the list of rows: of MakeRowFormatJsonFromTensors."""
    _check_batch(outputs)
    if len(outputs) == 1:
        return _dump(*next(iter(outputs.items())))
    columns = [_rows(name, array) for name, array in outputs.items()]
    rows = (_object(dict(zip(outputs, row, strict=True))) for row in zip(*columns, strict=True))
    return f"[{','.join(rows)}]"


def _check_batch(outputs: Mapping[str, Array]) -> None:
    expected: int | None = None
    for name, array in outputs.items():
        if array.ndim == 0:
            raise InvalidArgument(f"Tensor name: {name} has no shape information ")
        size = array.shape[0]
        if expected not in {None, size}:
            raise InvalidArgument(
                f"Tensor name: {name} has inconsistent batch size: {size} expecting: {expected}"
            )
        expected = size


def _object(values: Mapping[str, str]) -> str:
    return "{" + ",".join(f"{_quote(name)}:{value}" for name, value in values.items()) + "}"


def _rows(name: str, array: Array) -> list[str]:
    """Return the JSON of each row of [batch, ...]."""
    if array.dtype == np.object_ or not array.size:
        return [orjson.dumps(row).decode() for row in _listed(name, array)]
    opening, closing = "[" * (array.ndim - 1), "]" * (array.ndim - 1)
    inside = _dump(name, array)[array.ndim : -array.ndim]
    return [opening + row + closing for row in inside.split(f"{closing},{opening}")]


def _dump(name: str, array: Array) -> str:
    """Return the array as JSON, lists in lists."""
    if array.ndim == 0:
        return _dump(name, array.reshape(1))[1:-1]
    if array.dtype == np.object_ or not array.size:
        return orjson.dumps(_listed(name, array)).decode()
    _check_type(array)
    if array.dtype.kind == "f":
        return json_float.dump(array)
    return orjson.dumps(np.ascontiguousarray(array), option=orjson.OPT_SERIALIZE_NUMPY).decode()


def _check_type(array: Array) -> None:  # AddSingleValueAndAdvance
    if array.dtype.kind not in "iubf" or array.dtype == np.float16:
        label = tensor.dtype_name(array).removeprefix("DT_").lower()
        raise InvalidArgument(f"Failed to write JSON value for tensor type: {label}")


def _listed(name: str, array: Array) -> list[Any]:
    """Return an array of strings as lists in lists; {"b64": …} for each if the name says so."""
    write: Callable[[bytes], Any] = (
        _base64 if name.endswith("_bytes") else _text
    )  # IsNamedTensorBytes
    written: Array = np.frompyfunc(write, 1, 1)(array)
    return list(written.tolist())


def _text(item: bytes) -> str:
    return item.decode("utf-8", "replace")


def _base64(item: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(item).decode()}


def _quote(text: str) -> str:
    return orjson.dumps(text).decode()


def format_classification(result: ClassificationResult) -> bytes:
    """Return {"results": [[[label, score], …], …]}: of MakeJsonFromClassificationResult."""
    return _results([_classes(row.classes) for row in result.classifications])


def _classes(classes: Sequence[Class]) -> str:
    scores = _numbers([each.score for each in classes])
    pairs = zip(classes, scores, strict=True)
    return f"[{','.join(f'[{_quote(each.label)},{score}]' for each, score in pairs)}]"


def format_regression(result: RegressionResult) -> bytes:
    """Return {"results": [value, …]}: of MakeJsonFromRegressionResult."""
    return _results(_numbers([each.value for each in result.regressions]))


def _numbers(values: Sequence[float]) -> list[str]:
    return json_float.dump(np.array(values, np.float32))[1:-1].split(",") if values else []


def _results(rows: Sequence[str]) -> bytes:
    return f'{{"results":[{",".join(rows)}]}}'.encode()
