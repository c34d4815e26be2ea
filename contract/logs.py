"""What programs log: one line for each event, for people or as JSON, and which request it is of.

nginx $request_id ── X-Request-Id ──> webhook ── job.meta ──> worker ── X-Request-Id ──> models
"""

from __future__ import annotations

import contextlib
import contextvars
import json
import logging
import re
import secrets
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

from contract.redaction import Redaction

Form = Literal["text", "json"]
HEADER = "X-Request-Id"
_PROPER = re.compile(r"[0-9A-Za-z-]{8,64}")
_TEXT = "%(levelname)s %(name)s %(message)s"
# What a terminal would obey, or take for the end of a line; a tab is neither.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_request = contextvars.ContextVar("request", default="")


def request() -> str:
    """Return the id of the request that this thread works for; empty for none."""
    return _request.get()


def begin(given: str) -> str:
    """Work for the request with this id from now on, or with one of our own where it is none."""
    found = given if _PROPER.fullmatch(given) else secrets.token_hex(16)
    _request.set(found)
    return found


def end() -> None:
    """Work for no request any more."""
    _request.set("")


@contextlib.contextmanager
def about(request: str) -> Iterator[None]:
    """Work for a request meanwhile."""
    before = _request.set(request)
    try:
        yield
    finally:
        _request.reset(before)


def set_up(program: str, form: Form, redaction: Redaction) -> None:
    """Have everything logged to standard error, one line an event."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(program, form, redaction))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("urllib3").setLevel(logging.INFO)  # its DEBUG lines hold access tokens
    logging.getLogger("rq").setLevel(logging.WARNING)  # of a message, one line is enough


def formatter(program: str, form: Form, redaction: Redaction) -> logging.Formatter:
    """Return what makes lines in that form."""
    return _Json(program, redaction) if form == "json" else _Text(redaction)


class _Text(logging.Formatter):
    """A line; what follows it, such as a traceback, is indented: none of it looks like a line."""

    def __init__(self, redaction: Redaction) -> None:
        super().__init__(_TEXT)
        self._redaction = redaction

    def format(self, record: logging.LogRecord) -> str:
        text = _CONTROL.sub(_escaped, self._redaction(super().format(record)))
        line, *more = text.split("\n")
        return "\n    ".join([f"{line} request={request()}" if request() else line, *more])


def _escaped(found: re.Match[str]) -> str:
    return ascii(found[0])[1:-1]


class _Json(logging.Formatter):
    """An object a line: time, level, program, logger, message, and the event's own fields."""

    def __init__(self, program: str, redaction: Redaction) -> None:
        super().__init__()
        self._program = program
        self._redaction = redaction

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "program": self._program,
            "logger": record.name,
            "message": self._redaction(record.getMessage()),
        }
        if request():
            line["request"] = request()
        fields: dict[str, object] = getattr(record, "fields", {})
        line |= {
            name: self._redaction(value) if isinstance(value, str) else value
            for name, value in fields.items()
        }
        if record.exc_info:
            line["error"] = self._redaction(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)
