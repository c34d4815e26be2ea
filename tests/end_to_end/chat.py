"""A follower's phone, and all that answers it: the webhook and the worker, really running.

There is a model that knows pictures and one that answers questions. WeChat is the simulator's.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labels import phrase
from simulator.courier import Courier
from simulator.phone import Phone
from tests.chaos.arena import Arena
from tests.chaos.models import scene
from tests.conftest import serve_wechat, until

BOTH = pytest.mark.parametrize("language", ["zh", "en"])
SECONDS = 40  # for a busy machine
DRAWING = scene(
    ("red", "circle", [0.2, 0.1, 0.4, 0.2]),
    ("blue", "square", [0.2, 0.3, 0.4, 0.4]),
    ("blue", "square", [0.3, 0.7, 0.9, 0.95]),
)
WORDS = {
    "help": ("帮助", "help"),
    "language_now": ("语言", "language"),
    "privacy": ("隐私", "privacy"),
    "data_deleted": ("删除我的数据", "delete my data"),
}


@dataclasses.dataclass(kw_only=True)
class Chat:
    """One follower's phone, and what it shows."""

    arena: Arena
    phone: Phone
    language: str
    openid: str = ""
    seen: int = 0  # texts that hear() has given

    def words(self, key: str, **blanks: object) -> str:
        """Return a sentence in the follower's language."""
        return phrase(self.language, key, **blanks)

    def events(self, kind: str) -> list[dict[str, Any]]:
        events = self.arena.account.transcript.since(0)
        return [each for each in events if each["kind"] == kind and each["follower"] == self.openid]

    def hear(self, number: int = 1) -> list[str]:
        """Return the next texts, once there are so many."""
        end = self.seen + number
        until(lambda: len(self.events("answer")) >= end, SECONDS)
        texts = [each["text"] for each in self.events("answer")[self.seen : end]]
        self.seen = end
        return texts

    def say(self, text: str) -> str:
        """Send a text; return what is heard next."""
        self.phone.send_text(self.openid, text)
        return self.hear()[0]

    def show(self) -> str:
        """Send a picture; return what is heard next."""
        self.send()
        return self.hear()[0]

    def send(self) -> None:
        """Send a picture that nobody has seen."""
        self.phone.send_picture(self.openid, self.arena.another_picture())

    def menu(self, number: int = 1) -> list[dict[str, str]]:
        """Return the lines below the last answer, once there are so many menus."""
        until(lambda: len(self.events("menu")) >= number, SECONDS)
        return list(self.events("menu")[-1]["lines"])

    def tap(self, line: dict[str, str]) -> str:
        """Tap a line; return what is heard next."""
        self.phone.tap(self.openid, line["content"], line["id"])
        return self.hear()[0]

    def delivered(self, number: int) -> None:
        """Wait until WeChat has delivered so many messages of this follower."""
        until(lambda: len(self.events("delivery")) >= number, SECONDS)


def begin(arena: Arena, courier: Courier, language: str) -> Chat:
    """Return the phone of somebody new, who has been greeted and has chosen a language."""
    phone = Phone(arena.account, courier, arena.wechat.url)
    chat = Chat(arena=arena, phone=phone, language=language, openid=phone.follow())
    assert chat.hear() == [phrase("zh", "subscribed")]
    if language != "zh":
        assert chat.say("English") == chat.words("language_set")
    return chat


@contextlib.contextmanager
def opened(folder: Path, picture: bytes, **settings: str) -> Iterator[Arena]:
    with serve_wechat() as wechat:
        arena = Arena(folder, wechat, picture, VQA_MODEL="vqa", **settings)
        with arena.open():
            yield arena
