"""What the last snapshot says (contract.health), as gauges: read from Redis when Prometheus asks.

Any host's worker tells the same, since a snapshot is of all of them: use max() over instances.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import redis
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from contract.health import Health, read

GAUGES = {
    "kantu_worker_queue_waiting": "Messages in the queue.",
    "kantu_worker_queue_oldest_seconds": "For how long the first in the queue has waited.",
    "kantu_worker_failed_open": "Failed messages that have no outcome yet.",
    "kantu_worker_processes_alive": "Processes that work, of all hosts.",
    "kantu_worker_redis_memory_ratio": "Share of its memory that Redis uses; 0 without a limit.",
    "kantu_worker_token_seconds": "For how long the access token is still good; 0 without one.",
    "kantu_worker_snapshot_age_seconds": "How old the snapshot is that these gauges tell.",
}
LABELLED = {
    "kantu_worker_model_available": ("Whether a model can be used.", "model"),
    "kantu_worker_api_paused": ("Whether an API of WeChat's is left alone.", "api"),
    "kantu_worker_quota_used_ratio": ("Share of a day's calls that are used.", "api"),
}
_APIS = ("token", "media", "send", "upload")


class Snapshot(Collector):
    """Gives the gauges; none of them while nobody takes snapshots, or Redis is away."""

    def __init__(self, connection: redis.Redis) -> None:
        self._redis = connection

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give each with its values."""
        try:
            health = read(self._redis)
        except redis.RedisError:
            return
        if health:
            yield from _plain(health)
            yield from _labelled(health)


def _plain(health: Health) -> Iterator[GaugeMetricFamily]:
    values = (
        health.queue.waiting,
        health.queue.oldest,
        health.queue.failed,
        health.workers.alive,
        health.redis.share,
        health.token or 0.0,
        max(0.0, time.time() - health.taken),
    )
    for (name, what), value in zip(GAUGES.items(), values, strict=True):
        yield GaugeMetricFamily(name, what, value=value)


def _labelled(health: Health) -> Iterator[GaugeMetricFamily]:
    paused = {each.api for each in health.pauses}
    values = (
        {each.name: float(each.ailing is None) for each in health.models},
        {api: float(api in paused) for api in _APIS},
        {each.api: each.used / each.limit for each in health.quotas},
    )
    for (name, (what, label)), found in zip(LABELLED.items(), values, strict=True):
        family = GaugeMetricFamily(name, what, labels=[label])
        for key, value in found.items():
            family.add_metric([key], value)
        yield family
