"""How findings reach a person, line by line as they are found; or a program, as one JSON object."""

from __future__ import annotations

import json
import os
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Protocol, TextIO

from labels import book
from worker.doctor.finding import Finding, Mark
from worker.doctor.wording import put

SCHEMA = 1  # of the JSON; another where a field goes or changes its meaning
_COLOURS = {Mark.WELL: "32", Mark.NOTE: "33", Mark.WRONG: "31"}  # green, yellow, red
_WRONG_SETTINGS = "settings"  # the check without which nothing else can be looked at


class Report(Protocol):
    """Takes findings, and comes to an exit status."""

    def add(self, finding: Finding) -> None:
        """Take one."""

    def end(self) -> int:
        """Return 0 all well, 1 something must be done, 2 wrong settings."""


def _status(wrong: Counter[str]) -> int:
    return 2 if wrong[_WRONG_SETTINGS] else int(bool(wrong))


class Lines:
    """For a person."""

    def __init__(self, out: TextIO, language: str) -> None:
        self._out, self._language = out, language
        self._colour = out.isatty() and "NO_COLOR" not in os.environ
        self._wrong = Counter[str]()

    def add(self, finding: Finding) -> None:
        if finding.mark is Mark.WRONG:
            self._wrong[finding.check] += 1
        line = put(finding, self._language).line(self._language, finding.mark)
        if self._colour:
            line = f"\x1b[{_COLOURS[finding.mark]}m{line[0]}\x1b[0m{line[1:]}"
        self._out.write(f"{line}\n")
        self._out.flush()

    def end(self) -> int:
        said, count = book(self._language, "doctor")["line"], self._wrong.total()
        last = said["wrong"].format(count=count, mark=Mark.WRONG) if count else said["well"]
        self._out.write(f"{last}\n")
        return _status(self._wrong)


class Json:
    """For a program: docs/doctor.md says what each field is."""

    def __init__(self, out: TextIO, language: str) -> None:
        self._out, self._language = out, language
        self._findings: list[Finding] = []

    def add(self, finding: Finding) -> None:
        self._findings.append(finding)

    def end(self) -> int:
        marks = Counter(each.mark.name.lower() for each in self._findings)
        status = _status(Counter(e.check for e in self._findings if e.mark is Mark.WRONG))
        said = {
            "schema": SCHEMA,
            "taken": datetime.now(UTC).isoformat(timespec="seconds"),
            "language": self._language,
            "exit": status,
            "counts": {mark.name.lower(): marks[mark.name.lower()] for mark in Mark},
            "findings": [self._object(each) for each in self._findings],
        }
        self._out.write(json.dumps(said, ensure_ascii=False, indent=2) + "\n")
        return status

    def _object(self, finding: Finding) -> dict[str, Any]:
        words = put(finding, self._language)
        return {
            "check": finding.check,
            "case": finding.case,
            "mark": finding.mark.name.lower(),
            "subject": words.subject,
            "found": words.found,
            "todo": words.todo,
            "values": dict(finding.values),
        }
