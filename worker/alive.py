"""`python -m worker.alive`: whether the worker of this machine, or of this container, works.

For health checks: Redis is asked for heartbeats, and nobody else for anything.
"""

from __future__ import annotations

import socket
import sys
from datetime import UTC, datetime
from typing import Any

import redis
from rq.utils import utcparse
from rq.worker import BaseWorker

from contract.connection import connect
from contract.health import SILENT
from contract.settings import SettingsError, load_settings


def main() -> int:
    """Say how many processes work; return 0 where there is one, 1 where there is none."""
    try:
        working = count(connect(load_settings()), socket.gethostname())
    except (SettingsError, redis.RedisError) as error:
        sys.stderr.write(f"the worker cannot be asked after: {error}\n")
        return 1
    sys.stdout.write(f"{working} processes work\n")
    return 0 if working else 1


def count(connection: redis.Redis, host: str) -> int:
    """Return how many processes of that host had a heartbeat lately; raise redis.RedisError."""
    ours = f"{BaseWorker.redis_worker_namespace_prefix}{host}."
    keys = [key for key in BaseWorker.all_keys(connection) if key.startswith(ours)]
    with connection.pipeline(transaction=False) as pipeline:
        for key in keys:
            pipeline.hget(key, "last_heartbeat")
        beats: list[Any] = pipeline.execute()
    now = datetime.now(UTC)
    ages = [now - utcparse(beat.decode()).replace(tzinfo=UTC) for beat in beats if beat]
    return sum(age.total_seconds() < SILENT for age in ages)


if __name__ == "__main__":
    sys.exit(main())
