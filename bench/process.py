"""A program that is measured: until it is up, then stopped, let go, and what it uses (Linux)."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import requests

from bench.harness import BenchError
from launch.supervisor import ROOT, Program

_TICKS = os.sysconf("SC_CLK_TCK")  # a second
# In /proc/PID/stat behind the name; the last are utime, stime, and those of children that ended.
_PARENT, _SESSION, _CPU = 1, 3, slice(11, 15)
_PATIENCE = 120.0  # seconds to start


def await_ready(program: Program, every: float = 0.05) -> None:
    """Look every so many seconds whether it is up; raise BenchError where it will not be."""
    end = time.monotonic() + _PATIENCE
    while not program.ready():
        if program.died() or time.monotonic() > end:
            raise BenchError(f"{program.name} did not start:\n{program.last_words()}")
        time.sleep(every)


def session(program: Program) -> int:
    """Return the number of its session: the id of the process that was started."""
    if program.process is None:
        raise BenchError(f"{program.name} is not started")
    return program.process.pid


def speaks(port: int) -> bool:
    """Return whether somebody there answers HTTP, whatever the answer."""
    try:
        requests.get(f"http://127.0.0.1:{port}/nowhere", timeout=2)
    except requests.RequestException:
        return False
    return True


def members(session: int) -> list[int]:
    """Return the processes of a session, and what they started in sessions of their own.

    Program starts each program in a session of its own.
    """
    stats = {int(path.name): _stat(int(path.name)) for path in _processes()}
    found, new = set[int](), {pid for pid in stats if stats[pid][_SESSION:][:1] == [str(session)]}
    while new:
        found |= new
        parents = {str(pid) for pid in new}
        new = {pid for pid in stats if parents.intersection(stats[pid][_PARENT:][:1])} - found
    return sorted(found)


def _processes() -> list[Path]:
    return [path for path in Path("/proc").iterdir() if path.name.isdecimal()]


def freeze(session: int) -> None:
    """Stop all of them where they are."""
    os.killpg(session, signal.SIGSTOP)


def thaw(session: int) -> None:
    """Let all of them go on."""
    os.killpg(session, signal.SIGCONT)


def memory(session: int) -> float:
    """Return their PSS in MB: what processes share is divided among them."""
    return sum(_pss(pid) for pid in members(session))


def cpu(session: int) -> float:
    """Return the seconds of CPU that they used, those that have ended among them."""
    return sum(int(ticks) for pid in members(session) for ticks in _stat(pid)[_CPU]) / _TICKS


def _stat(pid: int) -> list[str]:
    with contextlib.suppress(OSError):  # it may have ended
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return []


def _pss(pid: int) -> float:
    with contextlib.suppress(OSError):
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return int(re.findall(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)[0]) / 1024
    return 0.0


def make_models(module: str, folder: Path) -> None:
    """Have a program of ours make the models of a benchmark in a folder; raise BenchError."""
    command = [sys.executable, "-m", module, str(folder)]
    done = subprocess.run(command, cwd=ROOT, check=False)  # noqa: S603  # our own program
    if done.returncode:
        raise BenchError("the models could not be made; see above")
