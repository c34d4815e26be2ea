"""What the figures depend on: this machine, and the versions of what ran."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
from pathlib import Path


def machine() -> dict[str, str]:
    """Return what kind of machine this is, and the day."""
    return {
        "processor": f"{os.cpu_count()} × {_line('/proc/cpuinfo', 'model name') or 'unknown'}",
        "memory": f"{int((_line('/proc/meminfo', 'MemTotal') or '0').split()[0]) >> 20} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
    }


def _line(path: str, name: str) -> str | None:
    found = re.search(rf"^{name}\s*:\s*(.+)$", Path(path).read_text(), re.MULTILINE)
    return found[1] if found else None
