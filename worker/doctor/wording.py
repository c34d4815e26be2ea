"""Findings in the operator's language: sentences of labels/*/doctor.toml, blanks filled in."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping

from dotenv import dotenv_values

from labels import LANGUAGES, book
from worker.doctor.finding import Finding, Mark
from worker.errcodes import Api, look_up


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a finding says."""

    subject: str
    found: str
    todo: str  # empty: nothing

    def line(self, language: str, mark: Mark) -> str:
        """Return it as one line."""
        form = book(language, "doctor")["line"]["todo" if self.todo else "plain"]
        return str(form.format(mark=mark, **dataclasses.asdict(self)))


def put(finding: Finding, language: str) -> Words:
    """Return a finding in words."""
    sections = book(language, "doctor")
    section = sections[finding.check]
    said = section.get(finding.case) or sections["any"][finding.case]
    found, todo = (said, "") if isinstance(said, str) else said
    values = {**finding.values, **_looked_up(finding.values, language)}
    subject, found, todo = (text.format(**values) for text in (section["subject"], found, todo))
    return Words(subject=subject, found=found, todo=todo)


def _looked_up(values: Mapping[str, object], language: str) -> dict[str, str]:
    """Return what the operator's language says of an errcode or a setting, where there is one."""
    match values:
        case {"errcode": int(errcode), "api": str(api)} if api in set(Api):
            meaning, remedy = explain(errcode, Api(api), language)
            return {"meaning": meaning, "remedy": remedy}
        case {"setting": str(setting), "problem": _}:
            return {"hint": hint(setting, language)}
    return {}


def explain(errcode: int, api: Api, language: str) -> tuple[str, str]:
    """Return what an errcode of that API means, and what to do: empty for nothing."""
    if language == "en":  # the language of the table itself
        known = look_up(errcode, api)
        return known.meaning, known.remedy
    said = book(language, "errcodes")
    meaning, remedy = said.get(f"{api}_{errcode}") or said.get(str(errcode)) or said["unknown"]
    return meaning, remedy


def hint(setting: str, language: str) -> str:
    """Return what a setting should be."""
    hints = book(language, "doctor")["hint"]
    return str(hints.get(setting) or hints["other"])


def choose_language(asked: str | None = None) -> str:
    """Return the operator's language: as asked for, else LANGUAGE, whatever else is wrong."""
    env_file = os.environ.get("KANTU_ENV_FILE", ".env")
    try:
        kept = dotenv_values(env_file).get("LANGUAGE") if env_file else None
    except (OSError, UnicodeDecodeError):  # said by whoever reads the settings
        kept = None
    found = asked or os.environ.get("LANGUAGE") or kept or ""
    return found[:2] if found[:2] in LANGUAGES else LANGUAGES[0]
