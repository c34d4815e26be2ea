"""The wordings in TOML files: templates by family, and words to fill them. See their README."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from serving.train.vqa.answer import CHINESE, ENGLISH
from serving.train.vqa.program import ASPECTS, FAMILIES, Program, of_family

FOLDER = Path(__file__).with_name("wordings")
LANGUAGES = ("en", "zh")  # the index is that of answer.ENGLISH and answer.CHINESE
# Keys that are no families: the task and the group of their templates.
_TASKS = {
    **{f"order_{task}": (task, "order") for task in ASPECTS},
    "follow_up_ellipsis": ("ellipsis", "ellipsis"),
    "unknown": ("unknown", "unknown"),
}
_TABLES = ("two_step", "follow_up_pronoun")
_NAMES = {"nearest": "near", "farthest": "far"}  # in the tables of two_step


class WordingError(Exception):
    """A file of wordings is not as its README says."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What things are called in one language."""

    colour: list[list[str]]  # as world.COLOURS; and, where the last is given, colours not of ours
    shape: list[list[str]]  # as world.SHAPES; likewise
    shapes: list[list[str]]  # plural
    order: list[list[str]]  # as program.ORDERS[1:]
    thing: list[str]  # of any shape
    things: list[str]
    wrap: list[str]  # sentences around {q}
    stranger: list[str]  # what is in other pictures
    strangers: list[str]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A sentence with gaps, and what it asks before the gaps are filled."""

    text: str
    program: Program
    group: str  # plain, order, two_step, pronoun, ellipsis or unknown


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wordings:
    """All that can be said in one language."""

    language: int  # answer.ENGLISH or answer.CHINESE
    words: Words
    templates: list[Template]


def load(folder: Path, language: int, *, apart: bool = False) -> Wordings:
    """Return the wordings of a folder: those to learn from, or those set apart from them."""
    prefix = LANGUAGES[language]
    paths = [path for path in sorted(folder.glob(f"{prefix}_*.toml")) if "_words" not in path.name]
    chosen = [path for path in paths if path.stem.endswith("_apart") == apart]
    templates = [each for path in chosen for each in _templates(path, language)]
    return Wordings(
        language=language,
        words=_words(folder / f"{prefix}_words.toml", language),
        templates=list(dict.fromkeys(templates)),
    )


def without(wordings: Wordings, others: Wordings) -> Wordings:
    """Return the wordings less the templates that others have as well."""
    known = {_bare(each.text) for each in others.templates}
    left = [each for each in wordings.templates if _bare(each.text) not in known]
    return dataclasses.replace(wordings, templates=left)


def _bare(text: str) -> str:
    return text.lower().strip(" ?？.。!！").replace(" ", "")


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise WordingError(f"{path}: {error}") from error


def _words(path: Path, language: int) -> Words:
    read = _read(path)
    other = path.with_name(f"{path.stem}_other.toml")
    more = _read(other) if other.exists() else {}
    for each in (read, more):
        if language == CHINESE and "shape" in each:  # it has no plural
            each |= {"shapes": list(each["shape"]), "things": list(each.get("thing", ()))}
    for name in ("colour", "shape", "shapes"):
        read[name] = [*read.get(name, ()), *([more[name]] if name in more else ())]
    read |= {"stranger": more.get("thing", []), "strangers": more.get("things", [])}
    missing = {each.name for each in dataclasses.fields(Words)} - read.keys()
    if missing:
        raise WordingError(f"{path} lacks {', '.join(sorted(missing))}")
    return Words(**{each.name: read[each.name] for each in dataclasses.fields(Words)})


def _templates(path: Path, language: int) -> Iterable[Template]:
    for family, texts in _read(path).items():
        if not isinstance(texts, list):
            raise WordingError(f"{path}: {family} is {type(texts).__name__}, expected a list")
        for each in texts:
            try:
                yield _template(family, each, language)
            except (ValueError, KeyError, TypeError) as error:
                raise WordingError(f"{path}: {family}: {each!r}: {error}") from error


def _template(family: str, entry: Any, language: int) -> Template:
    if isinstance(entry, dict):
        program, group = _of_table(family, entry)
        return _checked(entry["text"], program, group, language)
    if family in _TASKS:
        task, group = _TASKS[family]
        return _checked(entry, Program(task=task), group, language)
    if family not in FAMILIES:
        raise ValueError(f"expected {', '.join((*FAMILIES, *_TASKS, *_TABLES))}")
    return _checked(entry, of_family(family), "plain", language)


def _of_table(family: str, entry: dict[str, str]) -> tuple[Program, str]:
    """Return what an entry of a list of tables asks, and its group."""
    if family == "two_step":
        relation = _NAMES.get(entry["relation"], entry["relation"])
        return Program(task=entry["task"], relation=relation), "two_step"
    if family == "follow_up_pronoun":
        return of_family(entry["family"]), "pronoun"
    raise ValueError(f"expected a text, or {', '.join(_TABLES)} before it")


def _checked(text: str, program: Program, group: str, language: int) -> Template:
    gaps = {"A": "", "B": "", "As": "", "Bs": "", "order": "", "q": ""}
    text.format(**(gaps | ({"a_A": ""} if language == ENGLISH else {})))
    return Template(text=text, program=program, group=group)
