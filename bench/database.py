"""A Redis of the benchmark's own, and what it has done so far."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from bench import process
from launch import programs
from launch.supervisor import free_port


@contextmanager
def database() -> Iterator[int]:
    """Start a Redis that writes nothing to disk; give its port."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        server = programs.redis_server(port, Path(folder), Path(folder) / "log", durable=False)
        server.start()
        try:
            process.await_ready(server)
            yield port
        finally:
            server.end()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What Redis has done since its start."""

    commands: int
    reads: int  # from sockets: a pipeline is one, so these are trips


def count(client: redis.Redis) -> Count:
    """Return what it has done."""
    commands: Mapping[str, Any] = client.info("commandstats")
    calls = sum(each["calls"] for each in commands.values())
    return Count(commands=calls, reads=client.info("stats")["total_reads_processed"])


def version(port: int) -> str:
    """Return the version of the server."""
    return str(redis.Redis(port=port).info("server")["redis_version"])
