"""Bars, where people wait at a terminal; anywhere else nothing is shown."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

Show = Callable[[int, str], None]  # how many steps are done, and what goes on


@contextlib.contextmanager
def bar(total: int, *, guess: bool = True) -> Iterator[Show]:
    """Give what to call now and then; a bar shows how far it is of so many steps.

    guess: the time left; else the time that has passed, where steps differ too much to tell.
    """
    if not sys.stdout.isatty():
        yield lambda _done, _what: None
        return
    from rich import progress

    left = progress.TimeRemainingColumn(compact=True) if guess else progress.TimeElapsedColumn()
    columns = (
        progress.SpinnerColumn(),
        progress.BarColumn(bar_width=24),
        progress.MofNCompleteColumn(),
        left,
        progress.TextColumn("{task.description}"),
    )
    with progress.Progress(*columns, transient=True) as shown:
        task = shown.add_task("", total=total)
        yield lambda done, what: shown.update(task, completed=done, description=what)
