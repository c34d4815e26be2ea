"""Everything that happened, in order: what the page shows and what tests judge by."""

from __future__ import annotations

import threading
from typing import Any


class Transcript:
    """A list that only grows; each entry has a number, a kind and the time."""

    def __init__(self) -> None:
        self._entries: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def add(self, kind: str, at: float, **facts: Any) -> None:
        """Append one entry."""
        with self._lock:
            self._entries.append({"number": len(self._entries), "kind": kind, "at": at, **facts})

    def since(self, number: int) -> list[dict[str, Any]]:
        """Return the entries from that number on."""
        with self._lock:
            return self._entries[number:]
