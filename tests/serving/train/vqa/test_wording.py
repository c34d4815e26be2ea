"""serving.train.vqa.wording: what is written in the files, and what must not be."""

from __future__ import annotations

import collections
from pathlib import Path

import pytest

from serving.train.vqa import exam, wording
from serving.train.vqa.answer import CHINESE, ENGLISH
from serving.train.vqa.exam import FROZEN
from serving.train.vqa.program import FAMILIES, ORDERS
from serving.train.vqa.wording import FOLDER, Template, WordingError, load

WORDS = """
colour = [["red"], ["orange"], ["yellow"], ["green"], ["blue"], ["purple"], ["pink"], ["black"]]
shape = [["circle"], ["square"], ["triangle"]]
shapes = [["circles"], ["squares"], ["triangles"]]
order = [["largest"], ["smallest"], ["leftmost"], ["rightmost"], ["topmost"], ["bottommost"]]
thing = ["shape"]
things = ["shapes"]
wrap = ["{q}?"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "en_words.toml").write_text(WORDS)
    return tmp_path


@pytest.mark.parametrize("language", [ENGLISH, CHINESE])
def test_every_family_can_be_asked_in_many_ways(language: int) -> None:
    ways = collections.Counter(
        name for each in load(FOLDER, language).templates for name in families(each)
    )
    assert {name for name in FAMILIES if ways[name] < 30} == {"what"}  # of pronouns alone


def families(template: Template) -> list[str]:
    """Return the families that a template can ask for; those with {order} serve six."""
    family = template.program.family
    if template.group == "order":
        task = family.removesuffix("_of")
        return [f"what_{each}" if task == "what" else f"{each}_{task}" for each in ORDERS[1:]]
    return ["count" if family == "total" and "{A" in template.text else family]


@pytest.mark.parametrize("language", [ENGLISH, CHINESE])
def test_what_is_set_apart_is_not_learned(language: int) -> None:
    learned = {each.text for each in load(FOLDER, language).templates}
    apart = {each.text for each in load(FOLDER, language, apart=True).templates}
    assert len(apart) > 150
    assert not learned & apart


def test_the_frozen_wordings_have_200_unanswerable_texts_that_were_not_learned() -> None:
    pairs = zip(exam.languages(FROZEN), exam.languages(FOLDER), strict=True)
    unseen = [
        each.text
        for frozen, learned in pairs
        for each in wording.without(frozen, learned).templates
        if each.group == "unknown"
    ]
    assert len(set(unseen)) >= 200


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('cuont = ["how many {As}"]', "expected count"),
        ('count = "how many {As}"', "expected a list"),
        ('count = ["how many {C}"]', "'C'"),
        ('follow_up_pronoun = [{text = "what colour is it"}]', "family"),
        ("count = [", "en_street.toml"),
    ],
    ids=["family", "no-list", "gap", "no-family", "no-toml"],
)
def test_a_wrong_file_is_told_with_what_was_expected(folder: Path, text: str, told: str) -> None:
    (folder / "en_street.toml").write_text(text)
    with pytest.raises(WordingError, match=told):
        load(folder, ENGLISH)


def test_a_lack_of_words_is_told(tmp_path: Path) -> None:
    (tmp_path / "en_words.toml").write_text('thing = ["shape"]')
    with pytest.raises(WordingError, match="lacks order, things, wrap"):
        load(tmp_path, ENGLISH)
