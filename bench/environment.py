"""The competitors' virtual environment, .venv/bench: nothing of theirs gets into the product's."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from simulator.house import ROOT, Say

_FOLDER = ROOT / ".venv" / "bench"
_LOCK = ROOT / "requirements" / "bench.txt"
PYTHON = _FOLDER / "bin" / "python"


def install(say: Say) -> None:
    """Make it, unless it is there and holds what is locked."""
    stamp = _FOLDER / f"installed-{hashlib.sha256(_LOCK.read_bytes()).hexdigest()[:16]}"
    if stamp.exists():
        return
    say(f"· installing the competitors into {_FOLDER.relative_to(ROOT)}")
    _run(Path(sys.executable), "-m", "venv", "--clear", str(_FOLDER))
    _run(
        PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--quiet",
        "--require-hashes", "-r", str(_LOCK),
    )  # fmt: skip
    stamp.touch()


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True)  # noqa: S603  # our own command


def version(package: str) -> str:
    """Return the version of a package in it."""
    code = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"
    done = subprocess.run(  # noqa: S603  # our own command
        [PYTHON, "-c", code, package], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()
