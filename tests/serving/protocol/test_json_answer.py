"""serving.protocol.json_answer: arrays become an answer (util/json_tensor.cc)."""

from __future__ import annotations

import json
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from serving.errors import InvalidArgument
from serving.protocol.json_answer import (
    format_answer,
    format_classification,
    format_named,
    format_regression,
)
from serving.protocol.prediction_service_pb2 import ClassificationResult, RegressionResult


def answer(row: bool, **outputs: Any) -> Any:
    return json.loads(format_answer({n: np.asarray(a) for n, a in outputs.items()}, row=row))


def printed(*numbers: float, dtype: type[np.generic] = np.float32) -> str:
    return format_answer({"y": np.array(numbers, dtype)}, row=False).decode()[
        len('{"outputs":') : -1
    ]


def test_single_output_has_no_name() -> None:
    y = np.array([2.5, 3.0, 4.5], np.float32)
    assert format_answer({"y": y}, row=True) == b'{"predictions":[2.5,3.0,4.5]}'
    assert format_answer({"y": y}, row=False) == b'{"outputs":[2.5,3.0,4.5]}'


def test_several_outputs_are_objects() -> None:
    both = {"a": np.array([1, 2]), "b": np.array([[0.5], [1.5]], np.float32)}
    assert answer(True, **both) == {"predictions": [{"a": 1, "b": [0.5]}, {"a": 2, "b": [1.5]}]}
    assert answer(False, **both) == {"outputs": {"a": [1, 2], "b": [[0.5], [1.5]]}}


def test_rows_of_texts_and_of_lists_are_taken_apart() -> None:
    text = np.array([[b"a", b"],["], [b"c", b"d"]], object)
    cubes = np.arange(8).reshape(2, 2, 2)
    found = answer(True, text=text, cube=cubes, flag=np.array([True, False]))
    assert found["predictions"] == [
        {"text": ["a", "],["], "cube": [[0, 1], [2, 3]], "flag": True},
        {"text": ["c", "d"], "cube": [[4, 5], [6, 7]], "flag": False},
    ]


def test_six_digits_do_where_they_read_back_as_the_same_number() -> None:
    assert printed(0.2, 1e-7, 9_000_000, 100_000, -0.0) == "[0.2,1e-07,9e+06,100000.0,-0.0]"
    assert printed(0.2, dtype=np.float64) == "[0.2]"


def test_other_floats_have_as_many_digits_as_their_type_needs() -> None:
    assert printed(123456789, 1 / 3, 16777217) == "[123456792.0,0.333333343,16777216.0]"
    assert (
        printed(0.1 + 0.2, 1 / 3, dtype=np.float64) == "[0.30000000000000004,0.33333333333333331]"
    )


def test_nan_and_infinity_are_given_and_change_no_other_number() -> None:
    assert printed(np.nan, np.inf, -np.inf, 0.2) == "[NaN,Infinity,-Infinity,0.2]"
    y = np.array([np.nan, 0.2], np.float32)
    both = format_answer({"y": y, "z": np.array([1, 2])}, row=True)
    assert both == b'{"predictions":[{"y":NaN,"z":1},{"y":0.2,"z":2}]}'


def test_every_printed_float_reads_back_as_itself() -> None:
    bits = np.random.default_rng(1).integers(0, 2**32, 20_000, dtype=np.uint32)
    numbers = bits.view(np.float32)
    numbers = numbers[np.isfinite(numbers)]
    read = np.array(answer(False, y=numbers)["outputs"]).astype(np.float32)
    assert (read == numbers).all()


def test_bytes_are_base64_where_the_name_says_so() -> None:
    text = np.array([b"hello", "你好".encode()], object)
    assert answer(False, text=text) == {"outputs": ["hello", "你好"]}
    assert answer(False, text_bytes=text)["outputs"][0] == {"b64": "aGVsbG8="}


def test_scalars_booleans_and_whole_numbers() -> None:
    assert answer(False, y=np.float32(2.5)) == {"outputs": 2.5}
    assert answer(False, y=np.array([True, False])) == {"outputs": [True, False]}
    assert answer(False, y=np.array([2**64 - 1], np.uint64)) == {"outputs": [2**64 - 1]}


def test_empty_arrays_keep_their_shape() -> None:
    assert answer(False, y=np.zeros((2, 0))) == {"outputs": [[], []]}
    assert answer(False, y=np.zeros((0, 3))) == {"outputs": []}
    assert answer(True, y=np.zeros((2, 0)), z=np.zeros(2)) == {
        "predictions": [{"y": [], "z": 0.0}, {"y": [], "z": 0.0}]
    }
    assert answer(True, y=np.zeros((0, 3)), z=np.zeros(0)) == {"predictions": []}


def test_one_output_keeps_its_name_where_names_are_asked_for() -> None:
    y, text = np.array([[0.5, 2]], np.float32), np.array([b"a"], object)
    assert format_named({"y": y}) == b'{"y":[[0.5,2.0]]}'
    assert format_named({"y": y, "text": text}) == b'{"y":[[0.5,2.0]],"text":["a"]}'


@pytest.mark.parametrize(
    ("kind", "label"),
    [(np.float16, "half"), (ml_dtypes.bfloat16, "bfloat16"), (np.complex64, "complex64")],
)
def test_type_without_a_json_form_is_refused(kind: Any, label: str) -> None:
    words = f"^Failed to write JSON value for tensor type: {label}$"
    with pytest.raises(InvalidArgument, match=words):
        format_answer({"y": np.zeros(2, kind)}, row=True)
    assert answer(True, y=np.zeros((2, 0), kind)) == {"predictions": [[], []]}  # nothing to write


def test_rows_need_a_batch() -> None:
    with pytest.raises(InvalidArgument, match="no shape information"):
        format_answer({"y": np.asarray(np.float32(1))}, row=True)
    with pytest.raises(InvalidArgument, match="inconsistent batch size: 3 expecting: 2"):
        format_answer({"y": np.zeros(2), "z": np.zeros(3)}, row=True)


def test_classes_are_pairs_of_label_and_score() -> None:
    result = ClassificationResult()
    first, _ = result.classifications.add(), result.classifications.add()
    first.classes.add(label="猫", score=0.2)
    first.classes.add(label='"', score=1)
    expected = '{"results":[[["猫",0.2],["\\"",1.0]],[]]}'
    assert format_classification(result) == expected.encode()


def test_regressions_are_bare_numbers() -> None:
    result = RegressionResult()
    assert format_regression(result) == b'{"results":[]}'
    for value in (0.2, 1 / 3, float("inf")):
        result.regressions.add(value=value)
    assert format_regression(result) == b'{"results":[0.2,0.333333343,Infinity]}'
