"""The threads that run jobs: which have started, which hang, which will never start."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from rq.executions import Execution
from rq.timeouts import BaseDeathPenalty

_NEVER = -1.0


class NoDeathPenalty(BaseDeathPenalty):
    """Lets a job run: an exception injected into a thread can hit it anywhere, even in a send."""

    def setup_death_penalty(self) -> None:
        """Do nothing: the deadline of a job is that of its network calls."""

    def cancel_death_penalty(self) -> None:
        """Do nothing."""


class Threads:
    """So many threads, and what is known of the executions given to them."""

    def __init__(self, number: int, enter: Callable[[], object]) -> None:
        self._pool = ThreadPoolExecutor(number, "job", initializer=enter)
        self._started = dict[str, float]()  # execution -> by time.monotonic(), or _NEVER
        self._hung = set[str]()
        self._freed = threading.Event()

    def start(self, execution: Execution, work: Callable[[], None]) -> None:
        """Do the work as soon as a thread is free, unless stop() comes first."""
        self._pool.submit(self._work, execution.id, work)

    def _work(self, execution_id: str, work: Callable[[], None]) -> None:
        if self._started.setdefault(execution_id, time.monotonic()) != _NEVER:
            work()

    def free(self, execution: Execution) -> None:
        """Note that an execution is over and done with."""
        self._started.pop(execution.id, None)
        self._freed.set()

    def wait(self, seconds: float) -> None:
        """Wait until one is over, but no longer than that."""
        self._freed.wait(seconds)
        self._freed.clear()

    def age(self, execution: Execution) -> float:
        """Return for how many seconds it has been running; 0 where it has not started."""
        now = time.monotonic()
        return now - self._started.get(execution.id, now)

    def give_up(self, execution: Execution) -> bool:
        """Expect nothing more of an execution; return False where that was said before."""
        known = execution.id in self._hung
        self._hung.add(execution.id)
        return not known

    def stop(self, execution: Execution) -> bool:
        """Return whether it has not started, and now never will."""
        return self._started.setdefault(execution.id, _NEVER) == _NEVER

    def running(self) -> bool:
        """Return whether something runs that may come to an end."""
        started = list(self._started.items())
        return any(since != _NEVER and each not in self._hung for each, since in started)
