"""The machine: memory, devices, and the process behind a port. Linux's /proc."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from serving.doctor.finding import Finding

_LISTEN = "0A"  # state of a socket in /proc/net/tcp


def resident(pid: int | str = "self") -> float:
    """Return the memory that a process holds, in MiB; 0 where that cannot be read."""
    return _line(Path(f"/proc/{pid}/status"), "VmRSS:") / 1024


def memory() -> Finding:
    """Return how much memory there is."""
    total, free = (_line(Path("/proc/meminfo"), name) for name in ("MemTotal:", "MemAvailable:"))
    return Finding(f"memory: {free / 2**20:.1f} GiB free of {total / 2**20:.1f} GiB")


def _line(path: Path, name: str) -> float:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return 0.0
    return next((float(line.split()[1]) for line in lines if line.startswith(name)), 0.0)


def accelerators() -> Finding:
    """Return the GPUs that this machine has, whether TensorFlow can use them or not."""
    found = sorted(path.name for path in Path("/dev").glob("nvidia[0-9]*"))
    gpus = ", ".join(found) or "none"
    return Finding(f"devices: {len(os.sched_getaffinity(0))} CPU cores; GPUs: {gpus}")


def process(port: int) -> Finding:
    """Return the processes that listen on the port, and their memory."""
    found = [f"pid {pid} holds {resident(pid):.0f} MiB" for pid in _listening(port)]
    return Finding(f"process: {'; '.join(found) or 'of another machine or user'}")


def _listening(port: int) -> Iterator[int]:
    sockets = {f"socket:[{inode}]" for inode in _inodes(port)}
    for descriptors in Path("/proc").glob("[0-9]*/fd"):
        if _targets(descriptors) & sockets:
            yield int(descriptors.parent.name)


def _inodes(port: int) -> Iterator[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:] if Path(table).exists() else ():
            _, address, _, state, *_rest = fields = line.split()
            if state == _LISTEN and int(address.rpartition(":")[2], 16) == port:
                yield fields[9]


def _targets(descriptors: Path) -> set[str]:
    try:
        return {str(each.readlink()) for each in descriptors.iterdir()}
    except OSError:  # it has ended, or is not ours
        return set()
