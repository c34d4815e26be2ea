"""contract.stack: where an error happened, and nothing of what it says."""

from __future__ import annotations

import json

import pytest

from contract.stack import stack


def read(text: str) -> None:
    json.loads(text)


def test_places_are_told_from_the_innermost_and_the_text_is_not() -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # its text is what must not be seen
        read("a secret")
    kind, *places = stack(caught.value)
    assert kind == "JSONDecodeError"
    assert places[0].startswith("json/decoder.py:")
    assert [place.split()[1] for place in places[-2:]] == [
        "read",
        "test_places_are_told_from_the_innermost_and_the_text_is_not",
    ]
    assert places[-1].startswith("contract/test_stack.py:")
    assert "secret" not in "".join([kind, *places])


def test_error_that_was_never_raised_has_no_place() -> None:
    assert stack(ValueError("a secret")) == ["ValueError"]
