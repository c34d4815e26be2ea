"""bench/wordings: the frozen questions parse, keep to their format and are as many as promised."""

from __future__ import annotations

import hashlib
import itertools
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "bench" / "wordings"
README = (FOLDER / "README.md").read_text("utf-8")
FILES = sorted(FOLDER.glob("*.toml"))
LANGUAGES = ("zh", "en")
LEAST = {
    "order_color": 10,
    "order_shape": 10,
    "order_what": 10,
    "follow_up_pronoun": 30,
    "unknown": 220,
}
LEAST_OF_OTHERS = 12
TASKS = ("color", "shape", "what")
ONE_OF = ("exist", "follow_up_pronoun", "follow_up_ellipsis")
RELATIONS = ("left", "right", "above", "below", "nearest", "farthest")
KEYS = {"two_step": {"task", "relation", "text"}, "follow_up_pronoun": {"family", "text"}}


def families() -> dict[str, set[str]]:
    """Return the placeholders that the README allows each family."""
    rows = re.findall(r"^\| `(\w+)` \| (.*?) ?\| ", README, re.MULTILINE)
    return {family: set(re.findall(r"{(\w+)}", holds)) for family, holds in rows}


def tables(language: str) -> dict[str, list[Any]]:
    """Return the templates of a language by family; a family stands in one file only."""
    named = [path for path in FILES if path.name.startswith(f"{language}_")]
    merged: dict[str, list[Any]] = {}
    for path in [path for path in named if not path.stem.endswith("_words")]:
        table = tomllib.loads(path.read_text("utf-8"))
        assert not merged.keys() & table.keys(), path
        merged |= table
    return merged


def words(language: str) -> dict[str, list[Any]]:
    return tomllib.loads((FOLDER / f"{language}_words.toml").read_text("utf-8"))


def sentences(entries: list[Any]) -> list[str]:
    return [entry if isinstance(entry, str) else entry["text"] for entry in entries]


def placeholders(text: str) -> list[str]:
    return re.findall(r"{(\w+)}", text)


def bare(text: str) -> str:
    """Return the text as a careless reader sees it: no case, no spaces, no closing mark."""
    return re.sub(r"\s+", "", text).casefold().rstrip("?？") or text


def repeated(texts: list[str]) -> list[str]:
    return [text for text, times in Counter(map(bare, texts)).items() if times > 1]


def test_the_files_are_those_that_were_frozen() -> None:
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FILES}
    lines = (FOLDER / "SHA256SUMS").read_text("utf-8").splitlines()
    assert found == {name: digest for digest, name in map(str.split, lines)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_families_are_those_of_the_readme(language: str) -> None:
    assert tables(language).keys() == families().keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_family_has_as_many_templates_as_promised(language: str) -> None:
    counts = {family: len(entries) for family, entries in tables(language).items()}
    least = {family: LEAST.get(family, LEAST_OF_OTHERS) for family in counts}
    assert {family for family in counts if counts[family] < least[family]} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_entry_is_a_sentence_or_has_exactly_its_keys(language: str) -> None:
    wrong = [
        entry
        for family, entries in tables(language).items()
        for entry in entries
        if (entry.keys() if isinstance(entry, dict) else None) != KEYS.get(family)
    ]
    assert wrong == []


def fits(family: str, text: str, allowed: set[str]) -> bool:
    """Tell whether the text holds each placeholder of its family once, or one of them."""
    found = placeholders(text)
    if family in ONE_OF:
        return len(found) <= 1 and set(found) <= allowed
    return sorted(found) == sorted(allowed)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_template_holds_the_placeholders_of_its_family_once(language: str) -> None:
    allowed = families()
    wrong = [
        text
        for family, entries in tables(language).items()
        for text in sentences(entries)
        if not fits(family, text, allowed[family])
    ]
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_a_pronoun_or_a_plain_sentence_lacks_a_placeholder(language: str) -> None:
    bare_families = {family for family, holds in families().items() if not holds}
    lacking = {
        family
        for family, entries in tables(language).items()
        if not all(map(placeholders, sentences(entries)))
    }
    assert lacking == bare_families | {"follow_up_pronoun"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_braces_are_balanced(language: str) -> None:
    texts = itertools.chain.from_iterable(map(sentences, tables(language).values()))
    assert [text for text in texts if re.search(r"[{}]", re.sub(r"{\w+}", "", text))] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_stands_twice_in_any_family(language: str) -> None:
    texts = itertools.chain.from_iterable(map(sentences, tables(language).values()))
    assert repeated(list(texts)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_templates_leave_the_closing_mark_to_the_wrapper(language: str) -> None:
    own = {"follow_up_pronoun", "follow_up_ellipsis", "unknown"}
    texts = [
        text
        for family, entries in tables(language).items()
        for text in sentences(entries)
        if family not in own
    ]
    assert [text for text in texts if text != text.strip() or text[-1] in "?？.。!！,，"] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_follow_ups_name_families_and_two_steps_cover_every_pair(language: str) -> None:
    found = tables(language)
    named = {entry["family"]: placeholders(entry["text"]) for entry in found["follow_up_pronoun"]}
    pairs = {(entry["task"], entry["relation"]) for entry in found["two_step"]}
    assert named.keys() <= families().keys()
    assert {family for family, holds in named.items() if holds == ["B"]} == {
        family for family in named if {"A", "B"} <= families()[family]
    }
    assert pairs == set(itertools.product(TASKS, RELATIONS))


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_as_many_as_the_world_has_and_mean_one_thing(language: str) -> None:
    found = words(language)
    assert [len(found[kind]) for kind in ("colour", "shape", "order")] == [8, 3, 6]
    lists = [*found["colour"], *found["shape"], *found["order"], found["thing"]]
    assert repeated(list(itertools.chain.from_iterable(lists))) == []


def test_every_english_noun_has_its_plural() -> None:
    found = words("en")
    assert len(found["things"]) == len(found["thing"])
    assert [len(many) for many in found["shapes"]] == [len(one) for one in found["shape"]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wrapper_holds_the_question_once(language: str) -> None:
    wrappers = words(language)["wrap"]
    assert len(set(wrappers)) == len(wrappers) >= LEAST_OF_OTHERS
    assert [wrapper for wrapper in wrappers if placeholders(wrapper) != ["q"]] == []
