"""gunicorn's threads for REST, which stay with their client for a moment.

By itself gunicorn has one thread that waits for all clients, and wakes another for each request. A
client that asks again soon is here heard by the thread that answered it: nobody has to be woken.
"""

from __future__ import annotations

import select
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

_STAY = 1.0  # seconds; the end of the server waits as long


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """So many threads as are asked for answer; as many at most stay with a client meanwhile."""

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """Return threads for both: who stays takes none from who comes."""
        self._places = threading.BoundedSemaphore(self.cfg.threads)
        return ThreadPoolExecutor(2 * self.cfg.threads, "rest")

    def handle(self, conn: Any) -> Any:
        """Answer a request, and those that follow it; return what gunicorn is to do then."""
        found = super().handle(conn)
        while found is True and self._asks_again(conn):
            found = super().handle(conn)
        return found

    def _asks_again(self, conn: Any) -> bool:
        """Return whether more came, with the last request or while there was a place to stay."""
        if conn.parser.unreader.buf.getvalue():
            return True
        if not (self.alive and self._places.acquire(blocking=False)):
            return False
        try:
            poll = select.poll()  # select.select knows no more than 1,024 files
            poll.register(conn.sock, select.POLLIN)
            return bool(poll.poll(_STAY * 1000))
        except (OSError, ValueError):  # closed
            return False
        finally:
            self._places.release()
