"""contract.text"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.text import split


def test_short_text_is_one_part() -> None:
    assert split("数字 3") == ["数字 3"]
    assert split("") == [""]


def test_part_ends_after_a_sentence_where_it_can() -> None:
    assert split("一二三四。五六七八。九十", 33) == ["一二三四。五六七八。", "九十"]


@pytest.mark.parametrize("character", ["a", "é", "中", "😀"])
def test_no_character_is_cut(character: str) -> None:
    parts = split(character * 1000, 101)
    assert "".join(parts) == character * 1000
    assert max(len(part.encode()) for part in parts) <= 101


@given(st.text(), st.integers(4, 50))
def test_nothing_but_space_is_lost(text: str, most: int) -> None:
    parts = split(text, most)
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(len(part.encode()) <= most for part in parts)
