"""TFLite interpreters of one model: a wide one for who is alone, narrow ones for a crowd.

An interpreter answers one call at a time. One with a thread for each core answers soonest; where
several calls run at once, one thread each gets more of them done, without threads in each other's
way. XNNPACK is on, as the interpreter has it by itself.
"""

from __future__ import annotations

import contextlib
import os
import threading
import warnings
from collections.abc import Iterator
from typing import Any

_CPUS = len(os.sched_getaffinity(0))


def interpreter(content: bytes, threads: int) -> Any:
    """Return one that is ready to be fed; raise ValueError or RuntimeError for what is no model."""
    from tensorflow.lite.python.interpreter import Interpreter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is to move to a package of its own some day
        made = Interpreter(model_content=content, num_threads=threads)
    made.allocate_tensors()
    return made


class Interpreters:
    """One wide interpreter and some narrow ones, lent to one call each."""

    def __init__(self, content: bytes, narrow: int) -> None:
        """Make them; raise ValueError or RuntimeError."""
        self._wide = interpreter(content, _CPUS)
        self._narrow = [interpreter(content, 1) for _ in range(max(1, narrow))]
        self._lent = 0
        self._returned = threading.Condition()

    @contextlib.contextmanager
    def borrow(self) -> Iterator[Any]:
        """Lend one: at once to who is alone, else as soon as a narrow one is free."""
        with self._returned:
            alone = self._lent == 0
            self._lent += 1
            while not (alone or self._narrow):
                self._returned.wait()
            lent = self._wide if alone else self._narrow.pop()
        try:
            yield lent
        finally:
            with self._returned:
                self._lent -= 1
                if lent is not self._wide:
                    self._narrow.append(lent)
                    self._returned.notify()
