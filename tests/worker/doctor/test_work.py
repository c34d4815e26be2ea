"""Jobs that hang, as the doctor sees them in RQ's own registry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import redis

from contract.job import picture_queue
from tests.worker.test_health import queue_message
from worker.doctor import work


@pytest.mark.parametrize(("age", "case"), [(20, "well"), (75, "well"), (300, "wrong")])
def test_job_that_should_have_ended_is_found(connection: redis.Redis, age: int, case: str) -> None:
    job = queue_message(connection, 1)
    job.started_at = datetime.now(UTC) - timedelta(seconds=age)
    job.save()
    registry = picture_queue(connection).started_job_registry
    connection.zadd(registry.key, {f"{job.id}:execution": 2**33})
    found = work._stuck(connection)
    assert found.case == case
    assert found.values.get("count", 1) == 1
