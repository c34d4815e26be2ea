"""How the processes of one program count together: in files that each maps into its memory.

prometheus_client looks for their folder when it is imported, so share() comes before all else.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client's own name
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@functools.cache
def share(program: str) -> None:
    """Have this process and those that it forks count together, from nothing, while it lives."""
    folder = tempfile.mkdtemp(prefix=f"kantu-{program}-")
    os.environ[_FOLDER] = folder
    atexit.register(_remove, folder, os.getpid())


def is_shared() -> bool:
    """Return whether share() was called, in this process or before it was forked."""
    return _FOLDER in os.environ


def _remove(folder: str, owner: int) -> None:
    if os.getpid() == owner:  # forked processes inherit what is to be done at the end
        shutil.rmtree(folder, ignore_errors=True)


def exposition(*collectors: Collector) -> bytes:
    """Return what all processes have counted, and what collectors add, as Prometheus reads it."""
    from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    if not is_shared():
        return generate_latest(REGISTRY) + generate_latest(registry)
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # it annotates a part of itself
    return generate_latest(registry)
