"""Marks that jobs leave in a file: that they ran, in which process, how long after being sent.

A file costs a job microseconds and is the same for every competitor; Redis is being measured.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import struct
import time
from pathlib import Path

PATH = "BENCH_MARKS"  # the variable that names the file
_FORM = struct.Struct("<qq")  # process, nanoseconds


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One job that ran."""

    process: int
    delay: float  # seconds from being sent to its first line


def leave(delay: int) -> None:
    """Say that this job is done; delay: nanoseconds."""
    os.write(_file(), _FORM.pack(os.getpid(), delay))


@functools.cache
def _file() -> int:
    # Appending this little is atomic: threads and processes do not mix their marks.
    return os.open(os.environ[PATH], os.O_WRONLY | os.O_APPEND)


class Marks:
    """The file, as its reader sees it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def count(self) -> int:
        """Return how many jobs are done."""
        return self._path.stat().st_size // _FORM.size

    def since(self, first: int) -> list[Mark]:
        """Return the marks from that number on, in the order of their jobs' ends."""
        data = self._path.read_bytes()[first * _FORM.size :]
        return [
            Mark(process=process, delay=delay / 1e9) for process, delay in _FORM.iter_unpack(data)
        ]

    def reach(self, number: int, seconds: float) -> bool:
        """Wait until so many jobs are done; return whether they were in time."""
        end = time.monotonic() + seconds
        while self.count() < number:
            if time.monotonic() > end:
                return False
            time.sleep(0.001)
        return True
