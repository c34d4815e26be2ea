"""requirements/install: what is missing is named, with what to do about it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout without a virtual environment."""
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    shutil.copy(ROOT / "requirements-dev.txt", tmp_path)
    return tmp_path


def install(checkout: Path, python: str, tools: str = "") -> subprocess.CompletedProcess[str]:
    """Run it with a made-up Python, and made-up tools before those of the machine."""
    made_up = {"python-of-the-test": python, "df": tools, "redis-server": "exit 0"}
    for name, script in made_up.items():
        if script:
            path = checkout / name
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)
    environment = {
        **os.environ,
        "PYTHON": str(checkout / "python-of-the-test"),
        "PATH": f"{checkout}:{os.environ['PATH']}",
    }
    return subprocess.run(
        [str(checkout / "requirements" / "install")],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_python_that_is_too_old_is_named(checkout: Path) -> None:
    old = 'case "$1" in --version) echo Python 3.9.2;; *) exit 1;; esac'
    done = install(checkout, old)
    assert done.returncode == 1
    assert "Kantu needs Python 3.11, 3.12 or 3.13; found: Python 3.9.2." in done.stderr
    assert "sudo apt-get install python3 python3-venv" in done.stderr


def test_missing_venv_package_is_named(checkout: Path) -> None:
    without = 'case "$2" in *ensurepip*) exit 1;; esac; exit 0'
    done = install(checkout, without)
    assert done.returncode == 1
    assert "sudo apt-get install python3-venv" in done.stderr


def test_full_disk_is_named(checkout: Path) -> None:
    full = "echo Filesystem; echo /dev/sda 1000 500 120 80% /"
    done = install(checkout, "exit 0", full)
    assert done.returncode == 1
    assert "120 MB free" in done.stderr


@pytest.mark.parametrize("works", ["*--version*", "*--version*|*upgrade*"])
def test_failing_pip_is_explained(checkout: Path, works: str) -> None:
    (checkout / ".venv" / "bin").mkdir(parents=True)
    pip = checkout / ".venv" / "bin" / "python"
    pip.write_text(f'#!/bin/sh\ncase "$*" in {works}) exit 0;; esac; echo no network >&2; exit 1\n')
    pip.chmod(0o755)
    done = install(checkout, "exit 0", "echo; echo /dev/sda 1000 500 99999 80% /")
    assert done.returncode == 1
    assert "pip could not install the locked packages" in done.stderr
    assert not list((checkout / ".venv").glob("installed-*"))


def test_half_made_environment_is_made_anew(checkout: Path) -> None:
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").write_text("#!/bin/sh\nexit 1\n")  # it has no pip
    (checkout / ".venv" / "bin" / "python").chmod(0o755)
    makes = 'case "$*" in *venv*) printf "#!/bin/sh\\nexit 0\\n" > .venv/bin/python;; esac; exit 0'
    done = install(checkout, makes, "echo; echo /dev/sda 1000 500 99999 80% /")
    assert (done.returncode, "✓ set up in" in done.stdout) == (0, True)


def test_second_time_does_nothing(checkout: Path) -> None:
    (checkout / ".venv" / "bin").mkdir(parents=True)
    python = checkout / ".venv" / "bin" / "python"
    python.write_text("#!/bin/sh\nexit 0\n")
    python.chmod(0o755)
    enough = "echo; echo /dev/sda 1000 500 99999 80% /"
    first = install(checkout, "exit 0", enough)
    assert first.returncode == 0
    assert "✓ set up in" in first.stdout
    second = install(checkout, "exit 1")
    assert (second.returncode, second.stdout) == (0, "")
