"""Everything that happened, in order: what the page shows and what tests judge by."""

from __future__ import annotations

import secrets
import threading
import time
from typing import Any


class Transcript:
    """A list that only grows; each entry has a number, a kind and two times.

    `at` is WeChat's clock, which tests set forward; `real` is this machine's, on which jobs run.
    """

    def __init__(self) -> None:
        self.run = secrets.token_hex(4)  # tells one run of the simulator from the next
        self._entries: list[dict[str, Any]] = []
        self._grown = threading.Condition()

    def add(self, kind: str, at: float, **facts: Any) -> int:
        """Append one entry; return its number."""
        with self._grown:
            number = len(self._entries)
            entry = {"number": number, "kind": kind, "at": at, "real": time.time(), **facts}
            self._entries.append(entry)
            self._grown.notify_all()
            return number

    def since(self, number: int, wait: float = 0.0) -> list[dict[str, Any]]:
        """Return the entries from that number on; where there is none, wait so many seconds."""
        with self._grown:
            if wait > 0:
                self._grown.wait_for(lambda: len(self._entries) > number, wait)
            return self._entries[number:]
