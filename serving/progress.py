"""Bars with the time left, where people wait at a terminal; anywhere else nothing is shown."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import TypeVar

_T = TypeVar("_T")


@contextlib.contextmanager
def bar(what: str, total: int | None) -> Iterator[Callable[[], None]]:
    """Give what to call after each of so many steps; a bar shows how far they are.

    total: None where nobody can tell; then the bar shows only that something goes on.
    """
    if not sys.stdout.isatty():
        yield lambda: None
        return
    from rich import progress

    columns = (
        progress.TextColumn("  {task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(compact=True, elapsed_when_finished=True),
    )
    with progress.Progress(*columns) as shown:
        task = shown.add_task(what, total=total)
        yield lambda: shown.advance(task)


def track(items: Iterable[_T], what: str, total: int | None = None) -> Iterator[_T]:
    """Give the items one by one; a bar shows how far that is.

    total: their number, where they do not know it themselves.
    """
    with bar(what, len(items) if isinstance(items, Sized) else total) as step:
        for item in items:
            yield item
            step()


class Lines(logging.Handler):
    """Writes what is logged to standard error: above a bar, where there is one just then."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        sys.stderr.write(f"{self.format(record)}\n")
