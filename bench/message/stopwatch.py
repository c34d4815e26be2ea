"""How much CPU some functions take while a program runs: each without those that it calls."""

from __future__ import annotations

import collections
import contextlib
import functools
import pkgutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from unittest.mock import patch


class Stopwatch:
    """Seconds of their threads' CPU, by line."""

    def __init__(self) -> None:
        self.seconds = collections.Counter[str]()
        self._open = threading.local()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def watching(self, lines: Mapping[str, str]) -> Iterator[Stopwatch]:
        """Watch functions: "package.module:Class.method" -> the line that it counts for."""
        with contextlib.ExitStack() as stack:
            for place, line in lines.items():
                module, _, name = place.partition(":")
                *path, last = name.split(".")
                owner = pkgutil.resolve_name(f"{module}:{'.'.join(path)}")
                watched = self._watched(line, getattr(owner, last))
                stack.enter_context(patch.object(owner, last, watched))
            yield self

    def _watched(self, line: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def watched(*arguments: Any, **options: Any) -> Any:
            outside, self._open.inside = getattr(self._open, "inside", 0.0), 0.0
            began = time.thread_time()
            try:
                return function(*arguments, **options)
            finally:
                took = time.thread_time() - began
                with self._lock:
                    self.seconds[line] += took - self._open.inside
                self._open.inside = outside + took

        return watched
