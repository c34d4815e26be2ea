"""One module for each competitor, all of one shape: send() queues a job as its own users do.

They run in .venv/bench, where these packages are, and never inside the harness.
"""

from __future__ import annotations

import os

URL = "BENCH_REDIS_URL"  # the variable that says where the queue is


def redis_url() -> str:
    """Return the benchmark's own Redis."""
    return os.environ[URL]
