"""serving.simple.functions: what is done to inputs and outputs, by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from serving.errors import Internal, InvalidArgument
from serving.simple import functions
from serving.simple.functions import POSTPROCESS, PREPROCESS, Arrays, FunctionsError, apply


@pytest.fixture
def _restored() -> Iterator[None]:
    before = dict(POSTPROCESS)
    yield
    POSTPROCESS.clear()
    POSTPROCESS.update(before)


def test_no_name_changes_nothing() -> None:
    arrays: Arrays = {"x": np.ones(2, np.float32)}
    assert apply(PREPROCESS, "", arrays) is arrays


def test_strings_become_url_safe_base64_and_numbers_stay() -> None:
    arrays: Arrays = {"a": np.array([b"\xfb\xff"], np.object_), "b": np.ones(1, np.int32)}
    found = apply(PREPROCESS, "urlsafe_base64", arrays)
    assert (found["a"].tolist(), found["b"].tolist()) == ([b"-_8="], [1])


def test_one_string_without_a_dimension() -> None:
    found = apply(PREPROCESS, "urlsafe_base64", {"a": np.array(b"\xfb", np.object_)})
    assert (found["a"].shape, found["a"].item()) == ((), b"-w==")


def test_pixels_become_fractions_of_the_same_type() -> None:
    arrays: Arrays = {"a": np.array([0, 255], np.float32), "b": np.array([255], np.uint8)}
    found = apply(PREPROCESS, "scale_to_one", arrays)
    assert (found["a"].tolist(), found["a"].dtype.name) == ([0, 1], "float32")
    assert found["b"].tolist() == [255]


def test_softmax_is_of_each_row_and_takes_large_numbers() -> None:
    arrays: Arrays = {"a": np.array([[1000.0, 1000.0], [0.0, np.log(3.0)]]), "n": np.array([7])}
    found = apply(POSTPROCESS, "softmax", arrays)
    assert np.allclose(found["a"], [[0.5, 0.5], [0.25, 0.75]])
    assert found["n"].tolist() == [7]


def test_argmax_is_of_each_row() -> None:
    arrays: Arrays = {"a": np.array([[1, 3, 2], [9, 0, 0]]), "s": np.array([b"a"], np.object_)}
    found = apply(POSTPROCESS, "argmax", arrays)
    assert (found["a"].tolist(), found["s"].tolist()) == ([1, 0], [b"a"])


def test_unknown_function_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidArgument, match="no function x here; registered: argmax, softmax"):
        apply(POSTPROCESS, "x", {})


@pytest.mark.usefixtures("_restored")
def test_function_that_fails_tells_the_log_and_not_the_client(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @functions.postprocess("broken")
    def broken(outputs: Arrays) -> Arrays:
        return {"a": outputs["secret"]}

    with pytest.raises(Internal, match=r"^broken failed; see the server's log$"):
        apply(POSTPROCESS, "broken", {})
    assert "KeyError: 'secret'" in caplog.text


@pytest.mark.usefixtures("_restored")
def test_two_functions_of_one_name_are_refused() -> None:
    with pytest.raises(FunctionsError, match="there are two functions softmax"):
        functions.postprocess("softmax")(lambda outputs: outputs)


@pytest.mark.parametrize(
    ("text", "words"),
    [("import nothing_there", "ModuleNotFoundError"), ("1 / 0", "ZeroDivisionError")],
)
def test_module_that_cannot_be_imported_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    (tmp_path / "bad_module.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(FunctionsError, match=f"bad_module cannot be imported: {words}"):
        functions.register("bad_module")
