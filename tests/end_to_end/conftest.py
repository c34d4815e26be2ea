"""The whole product: as `make demo` starts it, or before a WeChat and models that tests break."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from launch import programs
from simulator.demo import QUESTIONS, Demo
from tests.chaos.arena import Arena
from tests.chaos.models import scene
from tests.conftest import until
from tests.end_to_end.chat import SECONDS, Chat, begin, opened


@dataclasses.dataclass(frozen=True, kw_only=True)
class Phone:
    """A follower's phone."""

    url: str
    openid: str

    def send_picture(self, data: bytes, copies: int = 1) -> str:
        """Send a file as a picture; return its MsgId."""
        return self._send("picture", {"copies": copies}, {"file": data})

    def send_text(self, content: str) -> str:
        """Send a text; return its MsgId."""
        return self._send("text", {"content": content})

    def send_other(self, kind: str) -> str:
        """Send a voice, a video…; return its MsgId."""
        return self._send("other", {"kind": kind})

    def _send(self, path: str, form: dict[str, Any], files: dict[str, bytes] | None = None) -> str:
        url = f"{self.url}/chat/{self.openid}/{path}"
        return str(requests.post(url, data=form, files=files, timeout=10).json()["message"])

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        """Return what happened on this phone, in order."""
        events = requests.get(f"{self.url}/chat/events", timeout=10).json()["events"]
        return [e for e in events if e["follower"] == self.openid and e["kind"] in kinds]

    def answers(self) -> list[str]:
        """Return what the account said, after its greeting."""
        return [event["text"] for event in self.events("answer")][1:]

    def wait_for(self, number: int, seconds: float = 60) -> list[str]:
        """Return the answers once there are that many."""
        until(lambda: len(self.answers()) >= number, seconds)
        return self.answers()

    def trace(self, message: str) -> dict[str, Any]:
        """Return what the product noted about a message, once that is all: after the answer."""
        (push,) = [event for event in self.events("push") if event["message"] == message]
        query = {"follower": self.openid, "message": message, "created": push["created"]}
        found = dict[str, Any]()

        def is_whole() -> bool:
            found.update(requests.get(f"{self.url}/chat/trace", params=query, timeout=10).json())
            return "outcome" in found

        until(is_whole)
        return found


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models of a fresh checkout, whatever was exported into this one."""
    folder = tmp_path_factory.mktemp("shipped")
    for model in ("demo", QUESTIONS):
        (folder / model).symlink_to(programs.MODELS / model)
    return folder


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, shipped: Path) -> Iterator[Demo]:
    """Every program, real, on free ports, in the shell of somebody with an account of their own."""
    demo = Demo(tmp_path_factory.mktemp("demo"), print, shipped)
    with pytest.MonkeyPatch.context() as shell:
        shell.setenv("WECHAT_ACCOUNT", "gh_of_their_own")
        shell.setenv("CLASSIFIER_LABELS", "of_their_own.csv")
        shell.setenv("LANGUAGE", "en")
        try:
            demo.supervisor.open()
            yield demo
        finally:
            demo.close()


def new_phone(demo: Demo) -> Phone:
    """Let somebody new follow the account, and wait for the greeting."""
    url = f"http://127.0.0.1:{demo.ports['simulator']}"
    openid = requests.post(f"{url}/chat/follow", timeout=10).json()["follower"]
    phone = Phone(url=url, openid=openid)
    until(lambda: phone.events("answer"))
    return phone


@pytest.fixture
def phone(demo: Demo) -> Phone:
    """A new follower's phone, greeted."""
    return new_phone(demo)


Log = Callable[[str], str]


@pytest.fixture
def log(demo: Demo) -> Log:
    """Read what a program has logged."""

    def read(name: str) -> str:
        return Path(demo.folder / "logs" / f"{name}.log").read_text("utf-8")

    return read


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory, samples: dict[str, bytes]) -> Iterator[Arena]:
    """Everything, replying by push."""
    with opened(tmp_path_factory.mktemp("push"), samples["1-digit-3"]) as arena:
        yield arena


@pytest.fixture
def chat(arena: Arena, language: str) -> Iterator[Chat]:
    """The phone of somebody new, who has chosen the language of the test."""
    yield begin(arena, arena.courier, language)
    arena.models.scene = scene()


@pytest.fixture
def held(arena: Arena) -> Iterator[threading.Event]:
    """Have the models wait until the test lets them go on."""
    go_on = threading.Event()

    def wait() -> None:
        go_on.wait(SECONDS)

    arena.models.behave = wait
    yield go_on
    go_on.set()
    arena.models.behave = lambda: None
