"""How many cores there are for us."""

from __future__ import annotations

import math
import os
from pathlib import Path


def cores(limit: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Return how many cores we may use: a container's share, which the kernel's count ignores."""
    available = len(os.sched_getaffinity(0))
    try:
        quota, period = limit.read_text().split()
        return max(1, min(available, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # no cgroup of version 2, or "max": no limit
        return available
