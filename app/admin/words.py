"""In which language a page speaks, and its words: labels/<language>/admin.toml."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import cast

import flask

from app.admin.diagnosis import Finding
from contract.follower import Language
from contract.quota import BEIJING
from labels import LANGUAGES, book

COOKIE = "kantu_language"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400  # seconds


def language_of(request: flask.Request, default: Language) -> Language:
    """Return the language that was chosen here, or that the browser asks for, or the default."""
    chosen = request.cookies.get(COOKIE)
    if chosen not in LANGUAGES:
        chosen = request.accept_languages.best_match(LANGUAGES, default)
    return cast("Language", chosen)


@dataclasses.dataclass(frozen=True, slots=True)
class Words:
    """The words of one language, and numbers as it says them."""

    language: Language

    def __call__(self, key: str, **values: object) -> str:
        """Return the sentence of "section.key" with its {braces} filled in."""
        section, _, name = key.partition(".")
        text: str = book(self.language, "admin")[section][name]
        return text.format(**values).strip()

    def known(self, key: str, otherwise: str) -> str:
        """Return the sentence, or otherwise where there is none: for words that came from Redis."""
        section, _, name = key.partition(".")
        return str(book(self.language, "admin")[section].get(name, otherwise))

    def duration(self, seconds: float | None) -> str:
        """Return 12 ms, 1.3 s, 4 min, 2 h 5 min; a dash for None."""
        if seconds is None:
            return "–"
        if seconds < 1:
            return f"{1000 * seconds:.0f} ms"
        if seconds < 10:
            return f"{seconds:.1f} s"
        if seconds < 2 * _MINUTE:
            return f"{seconds:.0f} s"
        return self._long(seconds)

    def _long(self, seconds: float) -> str:
        parts = ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute"))
        units = [(size, self(f"unit.{name}")) for size, name in parts]
        at = next(number for number, (size, _) in enumerate(units) if seconds >= size)
        said, rest = list[str](), seconds
        for size, unit in units[at : at + 2]:
            count, rest = divmod(rest, size)
            said += [f"{count:.0f} {unit}"] if count else []
        return " ".join(said)

    def size(self, count: float) -> str:
        """Return bytes as 512 KB, 12 MB, 1.5 GB."""
        for unit in ("B", "KB", "MB"):
            if count < 1024:
                return f"{count:.0f} {unit}"
            count /= 1024
        return f"{count:.1f} GB"

    @staticmethod
    def number(value: float) -> str:
        """Return 12,345."""
        return f"{value:,.0f}"

    @staticmethod
    def figure(value: float) -> str:
        """Return a number of a chart: 0.5, 12, 1,200."""
        return f"{value:,.1f}".removesuffix(".0")

    def readable(self, finding: Finding) -> dict[str, object]:
        """Return the values of a finding as people read them."""
        values = dict(finding.values)
        for name in values.keys() & {"since", "oldest"}:
            values[name] = self.duration(cast("float", values[name]))
        for name in values.keys() & {"used", "limit", "waiting", "running"}:
            values[name] = self.number(cast("float", values[name]))
        if "found" in values:
            values["found"] = self.known(f"state.{values['found']}", str(values["found"]))
        if "share" in values:
            values["share"] = f"{values['share']:.0%}"
        if "until" in values:
            values["until"] = clock(cast("float", values["until"]), "%m-%d %H:%M")
        if "api" in values:
            values |= self._meaning(str(values["api"]), values.get("errcode"))
            values["api"] = self(f"api.{values['api']}")
        return values

    def _meaning(self, api: str, errcode: object) -> dict[str, object]:
        """Return what an errcode means, in languages other than the one that the worker logs in."""
        if self.language == "en" or not errcode:
            return {}
        said = book(self.language, "errcodes")
        meaning, remedy = said.get(f"{api}_{errcode}") or said.get(str(errcode)) or said["unknown"]
        return {"why": f"{meaning}（errcode {errcode}）", "remedy": remedy}


def clock(seconds: float, form: str = "%H:%M:%S") -> str:
    """Return a moment by Beijing's clock, as WeChat's days go."""
    return datetime.fromtimestamp(seconds, BEIJING).strftime(form)
