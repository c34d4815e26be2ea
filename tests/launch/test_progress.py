"""launch.progress: what starts is shown at a terminal, and nowhere else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.serving.test_progress import run_in_terminal

ROOT = Path(__file__).parents[2]
_START = """
import sys, time
from pathlib import Path
from launch.supervisor import Supervisor, Program, say
started = time.monotonic()
program = Program(
    name="sleeper", command=[sys.executable, "-c", "import time; time.sleep(9)"], environment={},
    ready=lambda: time.monotonic() - started > 0.4, log=Path("/dev/null"),
)
supervisor = Supervisor([program], say)
supervisor.open()
supervisor.close()
"""


def test_terminal_shows_what_is_starting() -> None:
    written = run_in_terminal(_START)
    assert "0/1" in written
    assert "✓ sleeper" in written


def test_pipe_gets_a_line_for_each_program_and_nothing_else() -> None:
    command = [sys.executable, "-c", _START]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == 1
    assert done.stdout.startswith("  ✓ sleeper")
