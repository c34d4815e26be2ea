"""The competitors' virtual environments, .venv/NAME: nothing of theirs gets into the product's."""

from __future__ import annotations

import dataclasses
import hashlib
import subprocess
import sys
from pathlib import Path

from launch.supervisor import ROOT, Say

_UV = (
    Path(sys.prefix) / "bin" / "uv"
)  # packages that several have, such as TensorFlow, lie on disk once


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One virtual environment, of what requirements/NAME.txt locks."""

    name: str

    @property
    def folder(self) -> Path:
        """Return where it is."""
        return ROOT / ".venv" / self.name

    @property
    def python(self) -> Path:
        """Return its interpreter."""
        return self.folder / "bin" / "python"

    def install(self, say: Say) -> None:
        """Make it, unless it is there and holds what is locked; raise CalledProcessError."""
        lock = ROOT / "requirements" / f"{self.name}.txt"
        stamp = self.folder / f"installed-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
        if stamp.exists():
            return
        say(f"· installing the competitors of {lock.name} into {self.folder.relative_to(ROOT)}")
        _run(_UV, "venv", "--quiet", "--clear", "--python", sys.executable, self.folder)
        _run(
            *(_UV, "pip", "install", "--quiet", "--compile-bytecode", "--python", self.python),
            *("--require-hashes", "-r", lock),
        )
        stamp.touch()

    def version(self, package: str) -> str:
        """Return the version of a package in it."""
        code = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"
        done = subprocess.run(  # noqa: S603  # our own command
            [self.python, "-c", code, package], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True)  # noqa: S603  # our own command


WORKERS = Environment(name="bench")
