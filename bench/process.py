"""A program's processes as the kernel sees them: stopped, let go, and what they use (Linux)."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")  # a second
_SESSION, _CPU = 3, slice(11, 15)  # in /proc/PID/stat behind the name: utime, stime, and children's


def members(session: int) -> list[int]:
    """Return the processes of a session; Program starts each program in one of its own."""
    found = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal())
    return [pid for pid in found if _stat(pid)[_SESSION : _SESSION + 1] == [str(session)]]


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
