"""A terminal with a program on it, as a person sees and uses it."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[3]
_LIMIT = 60.0  # seconds
# Makes the terminal the program's own, as a shell does, so that Ctrl-C reaches it, and heeds it: of
# what runs in the background, and so of tests that do, a shell has SIGINT ignored.
_ENTER = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGINT, signal.SIG_DFL)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "worker", *sys.argv[1:]])
"""


class Terminal:
    """Runs `python -m worker` on a terminal of its own."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        self._program = subprocess.Popen(
            [sys.executable, "-c", _ENTER, *arguments],
            cwd=ROOT, env=dict(environment), stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self.seen = ""  # all that was ever shown
        self._read = 0  # so much of that has been waited for

    def wait_for(self, text: str) -> None:
        """Go on when it is shown; raise AssertionError where it never is."""
        end = time.monotonic() + _LIMIT
        while text not in self.seen[self._read :]:
            assert time.monotonic() < end, f"no {text!r} in {self.seen}"
            assert self._look(), f"it ended without {text!r}: {self.seen}"
        self._read = self.seen.index(text, self._read) + len(text)

    def answer(self, question: str, line: str = "") -> None:
        """Wait for a question, to its end, and type a line."""
        self.wait_for(question)
        self.wait_for(": ")
        os.write(self._ours, f"{line}\n".encode())

    def press(self, key: bytes) -> None:
        """Press keys; the third of ASCII is Ctrl-C."""
        os.write(self._ours, key)

    def end(self) -> int:
        """Wait until the program ends; return its exit status."""
        end = time.monotonic() + _LIMIT
        while self._look():
            assert time.monotonic() < end, f"it does not end: {self.seen}"
        return self._program.wait(_LIMIT)

    def close(self) -> None:
        """Hang up, whatever is still going on."""
        self._program.kill()
        self._program.wait(_LIMIT)
        os.close(self._ours)

    def _look(self) -> bool:
        """Read what is shown; return False where nobody will show anything any more."""
        ready, _, _ = select.select([self._ours], [], [], 1.0)
        if not ready:
            return True
        try:
            shown = os.read(self._ours, 65536)
        except OSError:  # Linux says so when the program has closed its side
            return False
        self.seen += shown.decode("utf-8", "replace")
        return bool(shown)
