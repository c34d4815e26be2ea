"""What the coloured shapes are called that the model for questions knows."""

from __future__ import annotations

import functools
import tomllib
from typing import Any

from labels import FOLDER


def colours() -> frozenset[str]:
    """Return the colours, by the model's own words."""
    return frozenset(_names("en")["colours"])


def shapes() -> frozenset[str]:
    """Return the shapes, by the model's own words."""
    return frozenset(_names("en")["shapes"])


def colour_name(language: str, colour: str) -> str:
    """Return 红色 or red."""
    return str(_names(language)["colours"][colour])


def shape_name(language: str, shape: str, count: int = 1) -> str:
    """Return 圆形, circle, or for several circles."""
    return str(_names(language)["shapes"][shape][count > 1])


@functools.cache
def _names(language: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / language / "shapes.toml").read_text("utf-8"))
