"""Where an error happened, for logs and records: not its text, which may hold what came in."""

from __future__ import annotations

import traceback
from pathlib import Path


def stack(error: BaseException) -> list[str]:
    """Return its class and the places through which it came, the innermost first."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{_short(at.filename)}:{at.lineno} {at.name}" for at in reversed(frames)]
    return [type(error).__name__, *places]


def _short(filename: str) -> str:
    """Return the file in its folder, which is enough to find it on any machine."""
    return "/".join(Path(filename).parts[-2:])
