"""A clock that tests can set forward: 48 hours pass in no time."""

from __future__ import annotations

import time


class Clock:
    """The time by which WeChat's windows and limits run."""

    def __init__(self) -> None:
        self._ahead = 0.0  # seconds

    def now(self) -> float:
        """Return seconds since 1970."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let so much time pass."""
        self._ahead += seconds
