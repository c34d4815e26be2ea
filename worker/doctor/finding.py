"""What the doctor finds: one line each, with what was expected and what to do."""

from __future__ import annotations

import dataclasses
import enum


class Mark(enum.StrEnum):
    """How a line begins."""

    WELL = "✓"
    NOTE = "!"  # worth knowing; nothing must be done
    WRONG = "✗"  # something must be done


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line."""

    mark: Mark
    subject: str
    found: str
    remedy: str = ""  # what to do

    def __str__(self) -> str:
        todo = f". What to do: {self.remedy}" if self.remedy else ""
        return f"{self.mark} {self.subject}: {self.found}{todo}"


def well(subject: str, found: str) -> Finding:
    """Return that this is as it should be."""
    return Finding(mark=Mark.WELL, subject=subject, found=found)


def note(subject: str, found: str, remedy: str = "") -> Finding:
    """Return what is worth knowing."""
    return Finding(mark=Mark.NOTE, subject=subject, found=found, remedy=remedy)


def wrong(subject: str, found: str, remedy: str) -> Finding:
    """Return what must be seen to; found says what was expected, too."""
    return Finding(mark=Mark.WRONG, subject=subject, found=found, remedy=remedy)
