"""Clocks: WeChat signs with its own, and what it signed by another time is refused."""

from __future__ import annotations

import time

from worker.doctor.finding import Finding, well, wrong

_MOST = 60  # seconds


def compare(subject: str, theirs: float) -> Finding:
    """Hold a clock against ours; theirs is what it showed just now, in seconds since 1970."""
    ahead = time.time() - theirs
    if abs(ahead) <= _MOST:
        return well(subject, f"agrees with ours within {_shown(ahead)}")
    relation = "behind ours" if ahead > 0 else "ahead of ours"
    return wrong(
        subject,
        f"{_shown(ahead)} {relation}; expected {_MOST} s at most. What WeChat signs is refused "
        "when it seems older than WECHAT_TIME_WINDOW",
        "set this machine's clock by NTP: timedatectl set-ntp true",
    )


def _shown(seconds: float) -> str:
    return f"{max(1, round(abs(seconds)))} s"
