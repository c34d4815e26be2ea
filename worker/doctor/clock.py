"""Clocks: WeChat signs with its own, and what it signed by another time is refused."""

from __future__ import annotations

import time

from worker.doctor.finding import Finding, well, wrong

_MOST = 60  # seconds


def compare(check: str, theirs: float) -> Finding:
    """Hold a clock against ours; theirs is what it showed just now, in seconds since 1970."""
    ahead = time.time() - theirs
    seconds = max(1, round(abs(ahead)))
    if abs(ahead) <= _MOST:
        return well(check, seconds=seconds)
    if ahead > 0:
        return wrong(check, "behind", seconds=seconds, most=_MOST)
    return wrong(check, "ahead", seconds=seconds, most=_MOST)
