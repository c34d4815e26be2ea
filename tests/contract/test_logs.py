"""contract.logs"""

from __future__ import annotations

import json
import logging
import re

import pytest

from contract import logs
from contract.redaction import Redaction

OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ1"


def record(message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("worker.x", logging.WARNING, "x.py", 1, message, arguments, None)
    made.__dict__.update(extra)
    return made


def test_people_read_a_line() -> None:
    form = logs.formatter("worker", "text", Redaction(["hunter2"]))
    with logs.about("r" * 16):
        assert form.format(record("%s of %s", "hunter2", OPENID)) == (
            f"WARNING worker.x *** of o… request={'r' * 16}"
        )
    with logs.about(""):
        assert form.format(record("well")) == "WARNING worker.x well"


def test_nobody_can_have_a_line_written_that_looks_like_another() -> None:
    form = logs.formatter("worker", "text", Redaction())
    with logs.about("r" * 16):
        line = form.format(record("said: %s", "no\r\nERROR root \x1b[31mforged\x9b2J\u2028\tyes"))
    assert line == (
        f"WARNING worker.x said: no\\r request={'r' * 16}\n"
        "    ERROR root \\x1b[31mforged\\x9b2J\\u2028\tyes"
    )


def test_programs_read_an_object() -> None:
    form = logs.formatter("worker", "json", Redaction(["hunter2"]))
    fields = {"job": "a", "ms": 12, "reason": "hunter2 is wrong"}
    with logs.about("r" * 16):
        line = form.format(record("two\nlines", fields=fields))
    found = json.loads(line)
    assert "\n" not in line
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", found.pop("time"))
    assert found == {
        "level": "WARNING", "program": "worker", "logger": "worker.x", "message": "two\nlines",
        "request": "r" * 16, "job": "a", "ms": 12, "reason": "*** is wrong",
    }  # fmt: skip


def test_traceback_is_part_of_its_line_and_redacted() -> None:
    form = logs.formatter("worker", "json", Redaction())
    error = ValueError(f"access_token=abc of {OPENID}")
    found = json.loads(form.format(record("it failed", exc_info=(ValueError, error, None))))
    assert found["error"] == "ValueError: access_token=*** of o…"


@pytest.mark.parametrize(
    ("given", "taken"),
    [("8f14e45fceea167a5a36dedd4bea2543", True), ("abc-DEF-123", True), ("", False),
     ("short", False), ("x" * 65, False), ("with blanks in it", False), ("a\nb-forged", False)],
)  # fmt: skip
def test_only_a_proper_id_is_taken_over(given: str, taken: bool) -> None:
    with logs.about(""):
        found = logs.begin(given)
        assert (found == given) == taken
        assert re.fullmatch(r"[0-9A-Za-z-]{8,64}", found)
        assert logs.request() == found
