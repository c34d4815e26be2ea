"""Every word that a follower reads, and the names of what a model can see."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path

FOLDER = Path(__file__).parent
LANGUAGES = ("zh", "en")


def phrase(language: str, key: str, **values: object) -> str:
    """Return the sentence of that key with its {braces} filled in."""
    return _phrases(language)[key].format(**values).strip()


@functools.cache
def _phrases(language: str) -> dict[str, str]:
    return tomllib.loads((FOLDER / language / "phrases.toml").read_text("utf-8"))
