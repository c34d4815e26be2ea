"""The job that every competitor runs."""

from __future__ import annotations

import time

from bench.worker.mark import leave


def run(sent: int, pause: float) -> None:
    """Wait, as jobs do for WeChat and for a model; sent: monotonic ns, pause: seconds."""
    delay = time.monotonic_ns() - sent
    if pause:
        time.sleep(pause)
    leave(delay)
