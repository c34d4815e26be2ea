"""Texts that mean one thing only, in both languages: a table of words and what they do."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import MappingProxyType
from typing import TYPE_CHECKING

from contract.follower import Language
from labels import phrase

if TYPE_CHECKING:
    from app.arrival import Arrival
    from app.services import Services

_MARKS = " \t\r\n。.!！?？~"  # that people put behind a word
Command = Callable[["Arrival", "Services"], str]


def find(text: str) -> Command | None:
    """Return what a text asks for, or None where it is a text like any other."""
    return COMMANDS.get(text.strip(_MARKS).casefold())


def _help(arrival: Arrival, services: Services) -> str:
    settings = services.settings
    about_any = phrase(arrival.language, "help_questions") if settings.vqa_endpoint else ""
    about_shapes = phrase(arrival.language, "help_shapes") if settings.vqa_model else ""
    questions = about_any or about_shapes
    return phrase(arrival.language, "help", questions=questions).replace("\n\n", "\n")


def _greet(arrival: Arrival, _services: Services) -> str:
    return phrase(arrival.language, "invitation")


def _language(arrival: Arrival, _services: Services) -> str:
    return phrase(arrival.language, "language_now")


def _choose(language: Language) -> Command:
    def choose(arrival: Arrival, services: Services) -> str:
        services.followers.choose_language(arrival.message.follower, language)
        return phrase(language, "language_set")

    return choose


def _privacy(arrival: Arrival, services: Services) -> str:
    minutes = math.ceil(services.settings.picture_ttl / 60)
    key = "privacy_endpoint" if services.settings.vqa_endpoint else "privacy_nobody"
    others = phrase(arrival.language, key)
    return phrase(arrival.language, "privacy", minutes=minutes, others=others)


def _delete(arrival: Arrival, services: Services) -> str:
    services.forget(arrival.message.follower)
    return phrase(arrival.language, "data_deleted")


_CHINESE, _ENGLISH = _choose("zh"), _choose("en")
COMMANDS: MappingProxyType[str, Command] = MappingProxyType(
    {
        **dict.fromkeys(("帮助", "help", "菜单", "menu"), _help),
        **dict.fromkeys(("你好", "您好", "嗨", "hi", "hello"), _greet),
        **dict.fromkeys(("语言", "language"), _language),
        **dict.fromkeys(("中文", "chinese"), _CHINESE),
        **dict.fromkeys(("英文", "英语", "english"), _ENGLISH),
        **dict.fromkeys(("隐私", "privacy"), _privacy),
        **dict.fromkeys(("删除我的数据", "delete my data"), _delete),
    }
)
