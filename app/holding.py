"""Keeps WeChat's request open until the worker has the answer, or WeChat's patience ends.

    passive: tries 1 and 2 of WeChat's wait and say nothing, so that it tries again;
             try 3 says that any word will bring the answer
    hybrid:  the first try waits; what is not ready by then is pushed

A request that waits costs a thread: where most of them wait, nobody waits any longer.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

from contract.hold import Holds

PATIENCE = 4.5  # seconds
_SILENCE = 5.5  # seconds; WeChat hangs up after five
_LAST_TRY = 3
_HANDED_OVER = 0.5  # seconds: the worker has taken the hold and is about to fill the mailbox


class StaySilent(Exception):
    """Answer nothing: WeChat has hung up by now, and delivers the message again."""


class Holding:
    """The requests of this process that wait."""

    def __init__(self, holds: Holds, threads: int) -> None:
        self._holds = holds
        self._room = threading.BoundedSemaphore(max(1, threads * 4 // 5))

    def wait_or_leave(self, job_id: str, began: float) -> bool:
        """Return whether the answer is in the mailbox; if not, the worker will push it (hybrid).

        began: when WeChat's request came, by time.monotonic().
        """
        with self._a_place() as has_place:
            if has_place and self._wait(job_id, began):
                return True
        return not self._holds.take(job_id) and self._holds.wait(job_id, _HANDED_OVER)

    def wait_or_ask(self, job_id: str, began: float, tries: int) -> bool:
        """Return whether the answer is in the mailbox; if not, any word will bring it (passive).

        Raises StaySilent where WeChat will try again.
        """
        with self._a_place() as has_place:
            if has_place and self._wait(job_id, began):
                return True
            if has_place and tries < _LAST_TRY:
                time.sleep(max(0.0, began + _SILENCE - time.monotonic()))
                raise StaySilent
        return False

    def _wait(self, job_id: str, began: float) -> bool:
        return self._holds.wait(job_id, began + PATIENCE - time.monotonic())

    @contextlib.contextmanager
    def _a_place(self) -> Iterator[bool]:
        """Give whether one more may wait."""
        has_place = self._room.acquire(blocking=False)
        try:
            yield has_place
        finally:
            if has_place:
                self._room.release()
