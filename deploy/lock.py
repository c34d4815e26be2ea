"""What the lock files of the images hold."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
IMAGES = ("app", "worker", "serving", "simulator")
_PACKAGE = re.compile(r"^([a-z0-9-]+)==(\S+)(?: ; (.+?))? \\$", re.MULTILINE)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Package:
    """One package in one version."""

    name: str
    version: str
    marker: str  # where it is installed; empty: everywhere


def packages(image: str) -> set[Package]:
    """Return what an image holds, on whichever Python."""
    text = (ROOT / "requirements" / f"{image}.txt").read_text("utf-8")
    return {
        Package(name=name, version=version, marker=marker)
        for name, version, marker in _PACKAGE.findall(text)
    }
