"""labels: every sentence that an operator reads, in both languages, and used."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labels import LANGUAGES, book
from worker.errcodes import ERRCODES, Api, look_up

ROOT = Path(__file__).parents[2]
BOOKS = ("doctor", "init")
NOT_CHECKS = {"line", "any", "hint"}


def sentences(language: str, name: str) -> dict[str, str]:
    """Return what stands in a book, by section, key and place."""
    return {
        f"{section}.{key}.{place}": text
        for section, said in book(language, name).items()
        for key, texts in said.items()
        for place, text in enumerate([texts] if isinstance(texts, str) else texts)
    }


def blanks(text: str) -> list[tuple[str, str]]:
    """Return the names and forms of a sentence's blanks."""
    return sorted((name, form or "") for _, name, form, _ in string.Formatter().parse(text) if name)


@pytest.mark.parametrize("name", BOOKS)
def test_languages_have_the_same_sentences_with_the_same_blanks(name: str) -> None:
    chinese, english = (
        {key: blanks(text) for key, text in sentences(language, name).items()}
        for language in LANGUAGES
    )
    assert chinese == english


@pytest.mark.parametrize("name", BOOKS)
def test_chinese_sentences_are_chinese(name: str) -> None:
    fixed = [
        "".join(part for part, *_ in string.Formatter().parse(text))
        for text in sentences("zh", name).values()
    ]
    assert [text for text in fixed if len(text) > 15 and not re.search("[一-鿿]", text)] == []


def findings() -> Iterator[tuple[str, str]]:
    """Give check and case of each finding that the code can make, where both stand there."""
    for path in [ROOT / "worker" / "menu.py", *(ROOT / "worker" / "doctor").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="well"), args=[ast.Constant(str(check))]):
                    yield check, "well"
                case ast.Call(
                    func=ast.Name(id="well" | "note" | "wrong"),
                    args=[ast.Constant(str(check)), ast.Constant(str(case))],
                ):
                    yield check, case


@pytest.mark.parametrize(("check", "case"), sorted(set(findings())))
def test_every_finding_has_its_sentence(check: str, case: str) -> None:
    said: dict[str, Any] = book("zh", "doctor")
    assert "subject" in said[check]
    assert case in said[check] or case in said["any"]


def test_every_sentence_is_used() -> None:
    files = [path for part in ("worker", "contract") for path in (ROOT / part).rglob("*.py")]
    code = "".join(path.read_text("utf-8") for path in files)
    said = {
        (section, case)
        for section, cases in book("zh", "doctor").items()
        for case in cases
        if section not in NOT_CHECKS and case not in {"subject", "well"}
    }
    assert [each for each in sorted(said) if f'"{each[1]}"' not in code] == []


def test_every_errcode_is_explained_in_both_languages() -> None:
    said = book("zh", "errcodes")
    assert {str(code) for code in ERRCODES} == {key for key in said if key.lstrip("-").isdecimal()}
    for api in Api:
        special = [code for code in ERRCODES if look_up(code, api) is not ERRCODES[code]]
        assert [code for code in special if f"{api}_{code}" not in said] == []
    remedies = {code: bool(known.remedy) for code, known in ERRCODES.items()}
    assert {code: bool(said[str(code)][1]) for code in remedies} == remedies
