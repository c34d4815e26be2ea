"""Nested values as a language writes them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any

from serving.clients.sample import Filled, Picture

_WIDTH = 88  # characters; a mapping that is longer stands on several lines


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Syntax:
    """How one language writes lists, mappings and what is in them."""

    mapping: tuple[str, str]  # what opens and closes it
    sequence: tuple[str, str]
    scalar: Callable[[Any], str]
    key: Callable[[str], str]
    picture: Callable[[int], str]  # by the number of the argument, from 0
    filled: Callable[[str, tuple[int, ...]], str]  # by the value as it is written
    last_comma: bool = True  # after the last entry of a mapping on several lines
    indent: str = "    "


def write(value: Any, syntax: Syntax, level: int = 0) -> str:
    """Return the value; its first line is not indented, the others from that level on."""
    match value:
        case Picture():
            return syntax.picture(value.number)
        case Filled():
            return syntax.filled(write(value.value, syntax, level), value.sizes)
        case list():
            start, end = syntax.sequence
            return start + ", ".join(write(each, syntax, level) for each in value) + end
        case dict():
            return _mapping(value, syntax, level)
    return syntax.scalar(value)


def _mapping(value: dict[str, Any], syntax: Syntax, level: int) -> str:
    start, end = syntax.mapping
    entries = [
        f"{syntax.key(key)}: {write(each, syntax, level + 1)}" for key, each in value.items()
    ]
    line = start + ", ".join(entries) + end
    if "\n" not in line and len(line) <= _WIDTH:
        return line
    inner, outer = syntax.indent * (level + 1), syntax.indent * level
    last = "," if syntax.last_comma else ""
    start, end = start.rstrip(), end.lstrip()
    return f"{start}\n{inner}" + f",\n{inner}".join(entries) + f"{last}\n{outer}{end}"


def json_scalar(value: Any) -> str:
    """Return a number, a truth or a text as JSON, in ASCII."""
    return json.dumps(value)


def used(body: str, helpers: Mapping[str, str]) -> str:
    """Return the code of those functions that the body calls."""
    return "".join(code for name, code in helpers.items() if name in body)


def usage(program: str, pictures: tuple[str, ...]) -> str:
    """Return the command line of a client, such as `node client.js IMAGE`.

    A name that a terminal or a comment could stumble over is replaced.
    """
    names = (each if each.isidentifier() and each.isascii() else "PICTURE" for each in pictures)
    return " ".join([program, *(name.upper() for name in names)])
