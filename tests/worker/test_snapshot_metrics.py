"""worker.snapshot_metrics: what Prometheus is told of the last snapshot."""

from __future__ import annotations

import redis
from prometheus_client import CollectorRegistry, generate_latest

from contract import health
from contract.connection import connect_to
from contract.health import PausedApi
from launch.supervisor import free_port
from tests.app.admin.conftest import make_health, make_model
from tests.exposition import value
from worker.snapshot_metrics import GAUGES, LABELLED, Snapshot


def told(connection: redis.Redis) -> str:
    registry = CollectorRegistry()
    registry.register(Snapshot(connection))
    return generate_latest(registry).decode()


def test_snapshot_is_told_as_gauges(connection: redis.Redis) -> None:
    paused = PausedApi(api="send", why="no", until=1e10, errcode=45009, remedy="")
    models = (make_model(), make_model(name="vqa", ailing=1.0))
    health.keep(connection, make_health(models=models, pauses=(paused,)))
    text = told(connection)
    assert [name for name in (*GAUGES, *LABELLED) if f"# TYPE {name} gauge" not in text] == []
    assert value(text, "kantu_worker_queue_waiting") == 2
    assert value(text, "kantu_worker_processes_alive") == 1
    assert value(text, "kantu_worker_token_seconds") == 5463
    assert value(text, "kantu_worker_model_available", model="demo") == 1
    assert value(text, "kantu_worker_model_available", model="vqa") == 0
    assert value(text, "kantu_worker_api_paused", api="send") == 1
    assert value(text, "kantu_worker_api_paused", api="media") == 0
    assert value(text, "kantu_worker_quota_used_ratio", api="send") == 12_502 / 500_000


def test_without_a_snapshot_nothing_is_claimed(connection: redis.Redis) -> None:
    assert told(connection) == ""


def test_without_redis_nothing_is_claimed() -> None:
    assert told(connect_to(f"redis://127.0.0.1:{free_port()}")) == ""
