"""contract.metrics, in programs of two processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FORKS = """
import os, sys
from contract.metrics import exposition, share
share("trial")
from prometheus_client import Counter
eggs = Counter("eggs_total", "Eggs.")
eggs.inc()
if os.fork() == 0:
    eggs.inc(2)
    sys.exit()  # with all that a program does at its end
os.wait()
print(len(os.listdir(os.environ.get("PROMETHEUS_MULTIPROC_DIR", "."))), "files")
print(exposition().decode())
"""


def run(code: str, folder: Path) -> str:
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_processes_count_together_and_leave_nothing(tmp_path: Path) -> None:
    said = run(_FORKS, tmp_path)
    assert "2 files" in said
    assert "eggs_total 3.0" in said
    assert list(tmp_path.iterdir()) == []


def test_program_that_does_not_share_counts_alone(tmp_path: Path) -> None:
    said = run(_FORKS.replace('share("trial")', ""), tmp_path)
    assert "eggs_total 1.0" in said
