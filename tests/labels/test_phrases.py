"""labels: every sentence, in both languages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from labels import FOLDER, LANGUAGES, minutes, phrase
from worker import errors

ROOT = Path(__file__).parents[2]
PHRASES = {
    language: tomllib.loads((FOLDER / language / "phrases.toml").read_text("utf-8"))
    for language in LANGUAGES
}


def test_languages_have_the_same_sentences_with_the_same_blanks() -> None:
    blanks = [
        {key: sorted(re.findall(r"{(\w+)}", text)) for key, text in phrases.items()}
        for phrases in PHRASES.values()
    ]
    assert blanks[0] == blanks[1]


def test_every_error_has_a_sentence() -> None:
    kinds: list[type[errors.AnswerError]] = [
        errors.AnswerError,
        *errors.AnswerError.__subclasses__(),
    ]
    assert {kind.phrase for kind in kinds} <= PHRASES["zh"].keys()


def test_every_sentence_is_used() -> None:
    code = "".join(
        path.read_text("utf-8")
        for program in ("app", "worker", "labels")
        for path in (ROOT / program).rglob("*.py")
    )
    assert [key for key in PHRASES["zh"] if f'"{key}"' not in code] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_longer_than_wechat_allows(language: str) -> None:
    assert max(len(text.encode()) for text in PHRASES[language].values()) < 1024


def test_blanks_are_filled_in() -> None:
    said = phrase("zh", "sure", percent="97.3%", name="虎斑猫")
    assert said == "让我猜猜，你发的这张图片有 97.3% 的概率是：虎斑猫"


@pytest.mark.parametrize(
    ("language", "seconds", "said"),
    [
        ("en", 60, "a minute"),
        ("en", 61, "2 minutes"),
        ("en", 1800, "30 minutes"),
        ("zh", 60, "1 分钟"),
        ("zh", 90, "2 分钟"),
    ],
)
def test_minutes_are_said_as_people_say_them(language: str, seconds: float, said: str) -> None:
    assert minutes(language, seconds) == said


def test_document_quotes_every_sentence_as_it_is() -> None:
    document = (ROOT / "docs" / "conversation.md").read_text("utf-8")
    tables = document[document.index("### ") : document.index("## Three ways")]
    rows = [line.split(" | ")[1:] for line in tables.splitlines() if line.startswith("| ")]
    quoted = [(zh, en.removesuffix(" |")) for zh, en in rows if zh not in {"中文", "---"}]
    sentences = [
        tuple(PHRASES[language][key].strip().replace("\n", "<br>") for language in LANGUAGES)
        for key in PHRASES["zh"]
    ]
    assert sorted(quoted) == sorted(sentences)
