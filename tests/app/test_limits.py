"""app.limits: what is counted, and for how long it is known."""

from __future__ import annotations

import time

import pytest
import redis

from app.limits import Limits
from contract.follower import Followers
from contract.job import picture_queue
from contract.settings import Settings
from tests.app.conftest import OPENID


@pytest.mark.parametrize(("unit", "seconds"), [("minute", 60), ("day", 24 * 3600)])
def test_deleting_takes_what_was_counted_before_this_minute_and_day(
    settings: Settings, connection: redis.Redis, unit: str, seconds: int
) -> None:
    followers, queue = Followers(settings, connection), picture_queue(connection)
    now = time.time()
    with connection.pipeline() as pipeline:
        Limits(followers, queue, 3600, lambda: now - seconds).count(pipeline, OPENID, "1")
        Limits(followers, queue, 3600, lambda: now).count(pipeline, OPENID, "2")
        pipeline.execute()
    Limits(followers, queue, 3600, lambda: now).forget(OPENID)
    assert connection.keys(f"kantu:count:*:{unit}:*") == []


def test_wait_is_measured_by_the_answers_of_the_last_seconds(
    settings: Settings, connection: redis.Redis
) -> None:
    queue, now = picture_queue(connection), time.time()
    connection.rpush(queue.key, *range(100))
    kept = dict.fromkeys((f"just now {number}" for number in range(10)), now + 3600 - 1)
    kept |= dict.fromkeys((f"earlier {number}" for number in range(50)), now + 3600 - 60)
    kept |= dict.fromkeys((f"waited {number}" for number in range(50)), now + 48 * 3600 - 60)
    connection.zadd(queue.finished_job_registry.key, kept)
    assert Limits(Followers(settings, connection), queue, 3600, lambda: now).wait() == 100
