"""labels/*/demo.toml: every sentence of the demo's page, in both languages, and used."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from labels import LANGUAGES, book
from simulator import sample
from simulator.faults import FAULTS
from simulator.pushes import MESSAGES

SIMULATOR = Path(__file__).parents[2] / "simulator"
# Those that are looked up by a name which comes from elsewhere.
BY_NAME = re.compile(r"(sample|fault|kind|mode|step|outcome|ledger|program|trouble|stage)\.")


def keys(words: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Return every sentence by its dotted key."""
    found: dict[str, Any] = {}
    for name, value in words.items():
        found |= (
            keys(value, f"{before}{name}.") if isinstance(value, dict) else {before + name: value}
        )
    return found


def blanks(sentence: object) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", str(sentence)))


def test_both_languages_have_the_same_keys_and_blanks() -> None:
    chinese, english = (keys(book(language, "demo")) for language in LANGUAGES)
    assert chinese.keys() == english.keys()
    assert [key for key in chinese if blanks(chinese[key]) != blanks(english[key])] == []


def test_every_sentence_is_used() -> None:
    files = [*SIMULATOR.glob("templates/*.html"), *SIMULATOR.glob("static/*.js")]
    text = "\n".join(path.read_text("utf-8") for path in files)
    unused = [
        key
        for key in keys(book("en", "demo"))
        if f"words.{key}" not in text and not BY_NAME.match(key)
    ]
    assert unused == []


def test_every_word_that_the_page_asks_for_is_there() -> None:
    files = [*SIMULATOR.glob("templates/*.html"), *SIMULATOR.glob("static/*.js")]
    text = "\n".join(path.read_text("utf-8") for path in files)
    asked = set(re.findall(r"\bwords\.((?!js)[a-z_]+(?:\.[a-z_]+)?)\b(?!\[)", text))
    known = keys(book("en", "demo"))
    groups = {key.rpartition(".")[0] for key in known}
    whole = {key.partition(".")[0] for key in known} - groups  # lists, which have methods
    assert {
        each for each in asked - known.keys() - groups if each.partition(".")[0] not in whole
    } == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sample_fault_and_kind_has_its_words(language: str) -> None:
    words = book(language, "demo")
    assert {name.partition(".")[0] for name in sample.names()} <= words["sample"].keys()
    assert FAULTS.keys() == words["fault"].keys()
    assert MESSAGES.keys() - {"text", "image"} == words["kind"].keys()
