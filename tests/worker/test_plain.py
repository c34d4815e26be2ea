"""worker.plain"""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from worker.plain import LONGEST, plain


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("一只猫在沙发上。", "一只猫在沙发上。"),
        ("3.5 kg, in 2019-2020; e.g. at 12:30.", "3.5 kg, in 2019-2020; e.g. at 12:30."),
        ("看 https://evil.example/x?y=1 吧", "看 吧"),
        ("see weixin://dl/business now", "see now"),
        ("去www.evil.example看看", "去"),
        ("找 evil-shop.com。很好", "找 。很好"),
        ("ｈｔｔｐ：／／ｅｖｉｌ．ｃｏｍ 好", "好"),
        ("点[这里](https://evil.com)看", "点这里看"),
        ("![cat](http://a.cn/b.png) a cat", "cat a cat"),
        ('<a href="http://a.cn">猫</a>', "猫"),
        ("<<b>a href=x>猫", "猫"),
        ("打 13812345678 或 138 1234 5678", "打 或"),
        ("call +1 (555) 123-4567 today", "call today"),
        ("电话：010-12345678，400-800-1234", "电话：，"),
        ("QQ：12345678 或 加微信abc_123", "或 加"),
        ("mail a.b@c.co.uk now", "mail now"),
        ("ht<b>tp://evil.com/a</b> cat", "cat"),
        ("evil.c\u200bom cat", "cat"),
        ("\u202egnp.tac\u202c a\x00b\u2066c\ufeff", "gnp.tac abc"),
        ("# 标题\n\n**猫** 和 `狗`\n- 一\n* 二\n```\nx\n```", "标题\n猫 和 狗\n一\n二\nx"),
        ("| a | b |\n|---|---|\n| c | d |", "| a | b |\n| c | d |"),
        ("snake_case and 2*3*4", "snake_case and 2*3*4"),
        ("<think>the user\nasks</think>\n一只猫", "一只猫"),
        ("<think>never ends", ""),
        ("", ""), (" \n ", ""), ("🐈", ""), ("https://evil.com", ""),
    ],
)  # fmt: skip
def test_only_words_are_shown(said: str, shown: str) -> None:
    assert plain(said) == shown


def test_long_answer_ends_with_a_sentence() -> None:
    assert plain("一只猫在沙发上。" * 100) == "一只猫在沙发上。" * 37
    assert plain("猫" * 1000) == "猫" * LONGEST + "…"


@settings(deadline=None)
@example("1://")
@example("中://a")
@given(st.text(alphabet=st.sampled_from("ahtp:/.com<>[]()*_#1 ８．中\u200b\n"), max_size=80))
def test_nothing_that_becomes_a_link_is_left(said: str) -> None:
    shown = plain(said)
    assert "://" not in shown
    assert "\u200b" not in shown
    assert "p.com" not in shown
    assert plain(shown) == shown or len(plain(shown)) < len(shown)


@pytest.mark.parametrize("said", ["<a" * 100_000, "a." * 100_000, "a-" * 100_000, "*_" * 100_000,
                                  "+1 " * 100_000, "[" * 100_000, "<think>" * 50_000])  # fmt: skip
def test_nobody_is_kept_busy(said: str) -> None:
    began = time.process_time()
    assert len(plain(said)) <= LONGEST + 1
    assert time.process_time() - began < 5  # a trap would take hours
