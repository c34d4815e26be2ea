"""serving.progress: bars at a terminal, and not a letter anywhere else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
_WORK = """
import logging, time
from serving.progress import Lines, bar, track
logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[Lines()])
for number in track(range(40), "learning"):
    time.sleep(0.01)
    if number == 20:
        logging.getLogger("x").info("half of it")
with bar("writing", None) as step:
    step()
print("done")
"""


def run_in_terminal(code: str) -> str:
    """Return what a program writes to a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", code]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    environment.pop("CI", None)
    with subprocess.Popen(command, cwd=ROOT, stdout=theirs, stderr=theirs, env=environment):
        os.close(theirs)
        written = bytearray()
        while piece := _read(ours):
            written += piece
    os.close(ours)
    return written.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux says so where the other end is closed
        return b""


def test_terminal_shows_a_bar_and_what_is_logged_above_it() -> None:
    written = run_in_terminal(_WORK)
    assert "learning" in written
    assert "40/40" in written
    assert "half of it\r\n" in written
    assert "writing" in written


def test_pipe_gets_what_is_said_and_nothing_else() -> None:
    command = [sys.executable, "-c", _WORK]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("done\n", "half of it\n")
