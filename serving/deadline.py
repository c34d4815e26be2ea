"""Until when a request may take, for whoever works on it on the same thread.

Sources: RunOptions.timeout_in_ms, which http_rest_api_handler.cc sets from --rest_api_timeout_in_ms
and prediction_service_impl.cc from the call's own deadline; the words are those of DirectSession.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import contextvars
import time
from collections.abc import Iterator
from typing import TypeVar

from serving.errors import DeadlineExceeded

Result = TypeVar("Result")
_END: contextvars.ContextVar[float | None] = contextvars.ContextVar("end", default=None)


@contextlib.contextmanager
def within(seconds: float | None) -> Iterator[None]:
    """Give what is done within so many seconds from now on; None: as long as it takes."""
    token = _END.set(None if seconds is None else time.monotonic() + seconds)
    try:
        yield
    finally:
        _END.reset(token)


def remaining() -> float | None:
    """Return the seconds that are left, None without an end; raise DeadlineExceeded at the end."""
    end = _END.get()
    if end is None:
        return None
    left = end - time.monotonic()
    if left <= 0:
        raise DeadlineExceeded("Timed out waiting for notification")
    return left


def wait(work: concurrent.futures.Future[Result]) -> Result:
    """Return what comes of it in time; otherwise cancel it and raise DeadlineExceeded."""
    try:
        return work.result(remaining())
    except concurrent.futures.TimeoutError:
        work.cancel()
        raise DeadlineExceeded("Timed out waiting for notification") from None
