"""Every word that a follower or an operator reads, and the names of what a model can see."""

from __future__ import annotations

import functools
import math
import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
LANGUAGES = ("zh", "en")


def phrase(language: str, key: str, **values: object) -> str:
    """Return the sentence of that key with its {braces} filled in."""
    text: str = book(language, "phrases")[key]
    return text.format(**values).strip()


def minutes(language: str, seconds: float) -> str:
    """Return 30 分钟, 30 minutes or a minute: what has begun counts."""
    count = math.ceil(seconds / 60)
    return phrase(language, "one_minute" if count == 1 else "minutes", count=count)


@functools.cache
def book(language: str, name: str) -> dict[str, Any]:
    """Return what stands in that file of a language's."""
    return tomllib.loads((FOLDER / language / f"{name}.toml").read_text("utf-8"))
