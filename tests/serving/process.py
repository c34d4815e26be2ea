"""`python -m serving` as a program of its own, for as long as a test needs it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from launch.supervisor import Program
from tests.conftest import until


@contextlib.contextmanager
def serving(
    folder: Path,
    ready: Callable[[], bool],
    *flags: str,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Program]:
    """Run it with these flags, its log in the folder; give it when it is ready, end it after."""
    program = Program(
        name="serving",
        command=[sys.executable, "-m", "serving", *flags],
        environment=environment or {},
        ready=ready,
        log=folder / "log",
    )
    program.start()
    try:
        until(lambda: program.ready() or program.died())
        assert not program.died(), program.last_words()
        yield program
    finally:
        program.end()
