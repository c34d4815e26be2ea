"""Texts that mean one thing only, in both languages, and which command each is."""

from __future__ import annotations

from types import MappingProxyType

_MARKS = " \t\r\n。.!！?？~"  # that people put behind a word
WORDS: MappingProxyType[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("帮助", "help", "菜单", "menu"), "help"),
        **dict.fromkeys(("你好", "您好", "嗨", "hi", "hello"), "greet"),
        **dict.fromkeys(("语言", "language"), "language"),
        **dict.fromkeys(("中文", "chinese"), "chinese"),
        **dict.fromkeys(("英文", "英语", "english"), "english"),
        **dict.fromkeys(("隐私", "privacy"), "privacy"),
        **dict.fromkeys(("删除我的数据", "delete my data"), "delete"),
    }
)


def find(text: str) -> str | None:
    """Return the command that a text is, or None where it is a text like any other."""
    return WORDS.get(text.strip(_MARKS).casefold())
