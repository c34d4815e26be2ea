"""simulator.line: a question and an answer, and nobody else listens."""

from __future__ import annotations

import socket
import stat
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from simulator.line import Line, LineError, ask


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    stopped = threading.Event()

    def serve() -> None:
        while not stopped.is_set():
            line.serve(0.05, answer)

    thread = threading.Thread(target=serve)
    thread.start()
    yield line
    stopped.set()
    thread.join()
    line.close()


def answer(question: dict[str, Any]) -> dict[str, Any]:
    return {"asked": question, "long": "x" * 20_000}


def test_question_is_answered(line: Line) -> None:
    assert ask(line.path, {"do": "look", "程序": "redis"}) == answer(
        {"do": "look", "程序": "redis"}
    )


@pytest.mark.parametrize("said", [b"", b"no json\n", b"\xff\n"])
def test_caller_who_talks_nonsense_does_no_harm(line: Line, said: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(line.path))
        caller.sendall(said)
        caller.shutdown(socket.SHUT_WR)
        assert caller.recv(10) == b""
    assert ask(line.path, {})["asked"] == {}


def test_only_this_user_may_call(line: Line) -> None:
    assert stat.S_IMODE(line.path.parent.stat().st_mode) == 0o700


def test_silence_is_an_error_in_words(line: Line) -> None:
    with pytest.raises(LineError, match="the demo does not answer: FileNotFoundError"):
        ask(line.path.with_name("nobody"), {})
