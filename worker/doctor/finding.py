"""What the doctor finds, in no language yet: wording.py puts it into words."""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Mapping

from contract.settings import SettingsError


class Mark(enum.StrEnum):
    """How a line begins."""

    WELL = "✓"
    NOTE = "!"  # worth knowing; nothing must be done
    WRONG = "✗"  # something must be done


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line."""

    mark: Mark
    check: str  # a section of labels/*/doctor.toml
    case: str  # one of its sentences
    values: Mapping[str, object]  # for its blanks: text and numbers, no secret


def well(check: str, case: str = "well", /, **values: object) -> Finding:
    """Return that this is as it should be."""
    return Finding(mark=Mark.WELL, check=check, case=case, values=values)


def note(check: str, case: str, /, **values: object) -> Finding:
    """Return what is worth knowing."""
    return Finding(mark=Mark.NOTE, check=check, case=case, values=values)


def wrong(check: str, case: str, /, **values: object) -> Finding:
    """Return what must be seen to."""
    return Finding(mark=Mark.WRONG, check=check, case=case, values=values)


def wrong_settings(error: SettingsError) -> list[Finding]:
    """Return a finding for each setting that an error names."""
    problems = str(error).splitlines()
    names = [re.split("[^A-Z_]", each)[0].removesuffix("_FILE") for each in problems]
    return [
        wrong("settings", "wrong", setting=name, problem=problem)
        for name, problem in zip(names, problems, strict=True)
    ]
