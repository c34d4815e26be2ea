"""One version of a model, from found to gone, and the requests that are in it.

    START ──> LOADING ──> AVAILABLE ──> UNLOADING ──> END
                 └── broken, with its error ───────────┘

States are those of tensorflow_serving/apis/get_model_status.proto. While more tries are due, a
version that could not be loaded stays LOADING, with its error.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from serving.errors import Internal, ServingError, Unavailable
from serving.lifecycle import folder, memory
from serving.paths import hidden
from serving.servable import Servable, VersionStatus

logger = logging.getLogger(__name__)


class Version:
    """One version of one model. Loaded and unloaded by one thread, used by many."""

    def __init__(self, name: str, number: int, path: Path) -> None:
        self.name, self.number, self.path = name, number, path
        self.files = folder.files(path)  # as they were when it was found
        self.state = "START"
        self.error: ServingError | None = None
        self.unwanted = False  # no longer to be served
        self._due = 0.0  # of the next try, on the monotonic clock
        self._failures = 0
        self._servable: Servable | None = None
        self._uses = 0
        self._lock = threading.Lock()

    @property
    def status(self) -> VersionStatus:
        """Return what is to be told about it."""
        code, message = (self.error.code, str(self.error)) if self.error else ("OK", "")
        return VersionStatus(number=self.number, state=self.state, code=code, message=message)

    @property
    def may_be_asked(self) -> bool:
        """Return whether it is loaded and wanted."""
        return self.state == "AVAILABLE" and not self.unwanted

    def is_due(self) -> bool:
        """Return whether it is time to load it."""
        waiting = self.state == "START" or (self.state == "LOADING" and self._failures > 0)
        return waiting and time.monotonic() >= self._due

    def load(self, load: Callable[[Path], Servable], retries: int, pause: float) -> None:
        """Load it; where that fails, leave the error and the time of the next try, if any.

        pause is in seconds.
        """
        self.state, began = "LOADING", time.monotonic()
        try:
            self._check_files()
            servable = load(self.path)
        except Exception as error:  # noqa: BLE001  # whatever it is, the other models go on
            self._failed(error, retries, pause)
            return
        with self._lock:
            self._servable, self.error, self.state = servable, None, "AVAILABLE"
        took = time.monotonic() - began
        logger.info("model=%s version=%d available, loaded in %.1f s", self.name, self.number, took)

    def _check_files(self) -> None:
        """Raise Unavailable where a file cannot be read: it is being copied, or is broken."""
        missing = folder.unreadable(self.files)
        if missing:
            raise Unavailable(
                f"{', '.join(map(str, missing))} cannot be read (a link to nowhere, no permission, "
                "or a copy under way): mend or remove it"
            )

    def _failed(self, error: Exception, retries: int, pause: float) -> None:
        text = str(error) if isinstance(error, ServingError) else repr(error)
        kind = type(error) if isinstance(error, ServingError) else Internal
        self.error = kind(hidden(text))
        self._failures += 1
        self._due = time.monotonic() + pause
        again = self._failures <= retries
        self.state = "LOADING" if again else "END"
        logger.log(
            logging.WARNING if again else logging.ERROR,
            "model=%s version=%d not loaded: %s%s",
            *(self.name, self.number, text),
            f"; again in {max(0.0, pause):.0f} s" if again else "",
        )

    def enter(self) -> Servable | None:
        """Return the loaded model for one request, which has to leave; None where there is none."""
        with self._lock:
            if self.state != "AVAILABLE":
                return None
            self._uses += 1
            return self._servable

    def leave(self) -> None:
        """End a request. The last one out unloads a version that is no longer wanted."""
        with self._lock:
            self._uses -= 1
            last = self.state == "UNLOADING" and self._uses == 0
        if last:
            self._close()

    def retire(self) -> None:
        """Take no new requests, and unload it as soon as none is in it."""
        with self._lock:
            loaded = self.state == "AVAILABLE"
            self.state = "UNLOADING" if loaded else "END"
            unused = loaded and self._uses == 0
        if unused:
            self._close()

    def _close(self) -> None:
        servable, self._servable = self._servable, None
        try:
            if servable is not None:
                servable.close()
        except Exception:
            logger.exception("model=%s version=%d did not close", self.name, self.number)
        del servable
        memory.give_back()
        self.state = "END"
        logger.info("model=%s version=%d unloaded", self.name, self.number)
