"""The line between the page and the demo that started it: a question and an answer, in JSON.

A socket in a folder that only this user can enter: no program of another's, and no page in the
browser, can stop or start anything by it.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PATIENCE = 5.0  # seconds; whoever answers may be ending a program
_LONGEST = 64 * 1024  # bytes

Answer = Callable[[dict[str, Any]], dict[str, Any]]


class LineError(Exception):
    """The other end does not answer."""


class Line:
    """The answering end. It has no thread of its own: it answers while its owner pauses."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="kantu-")  # mode 700
        self.path = Path(self._folder.name) / "line"
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(self.path))
        self._socket.listen(16)

    def serve(self, seconds: float, answer: Answer) -> None:
        """Let so many seconds pass, and answer who asks meanwhile."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            asking, _, _ = select.select([self._socket], [], [], left)
            if asking:
                self._serve(answer)

    def _serve(self, answer: Answer) -> None:
        with contextlib.suppress(OSError, ValueError), self._socket.accept()[0] as caller:
            caller.settimeout(_PATIENCE)
            caller.sendall(_written(answer(json.loads(_read(caller)))))

    def close(self) -> None:
        """Hang up for good."""
        self._socket.close()
        self._folder.cleanup()


def ask(path: Path, question: dict[str, Any]) -> dict[str, Any]:
    """Return what the other end answers; raise LineError."""
    try:
        with socket.socket(socket.AF_UNIX) as caller:
            caller.settimeout(_PATIENCE)
            caller.connect(str(path))
            caller.sendall(_written(question))
            return dict(json.loads(_read(caller)))
    except (OSError, ValueError) as error:
        raise LineError(f"the demo does not answer: {type(error).__name__}") from None


def _written(said: dict[str, Any]) -> bytes:
    return json.dumps(said).encode() + b"\n"


def _read(connection: socket.socket) -> bytes:
    """Return one line."""
    data = bytearray()
    while not data.endswith(b"\n") and len(data) < _LONGEST:
        piece = connection.recv(4096)
        if not piece:
            break
        data += piece
    return bytes(data)
