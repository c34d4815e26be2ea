"""examples/*/train.py: what they say to whoever names no folder; models are tested elsewhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/train.py"))


@pytest.mark.parametrize("name", NAMES)
def test_each_example_knows_its_usage(name: str) -> None:
    text = (ROOT / "examples" / name / "train.py").read_text("utf-8")
    assert f'"usage: python -m examples.{name}.train FOLDER' in text


def test_without_a_folder_the_usage_is_told() -> None:
    command = [sys.executable, "-m", "examples.pmml.train"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "usage: python -m examples.pmml.train FOLDER\n")
