"""contract.job"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import importlib
import json
import zlib
from typing import Any

import redis
from redis.connection import Connection
from rq import Queue

from contract import logs
from contract.job import ANSWER, ImageJob, announce, enqueue, picture_queue

JOB = ImageJob(
    follower="oABCDEFGHIJKLMNOPQRSTUVWXYZ1",
    message_id="24000000000000001",
    created=1_795_393_565,
    received=1_795_393_565.5,
    language="zh",
    media_id="media",
)


class CountingConnection(Connection):
    """Counts what is sent: one packet is one round trip."""

    sent = 0

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        type(self).sent += 1
        super().send_packed_command(command, check_health)  # type: ignore[no-untyped-call]


def test_what_a_newer_webhook_wrote_is_known_as_far_as_it_goes() -> None:
    assert ImageJob.known({**dataclasses.asdict(JOB), "zoom": 2}) == JOB


def test_repeated_message_is_queued_once(connection: redis.Redis) -> None:
    queue = picture_queue(connection)
    assert enqueue(queue, JOB, 60)
    assert not enqueue(queue, JOB, 60)
    assert queue.count == 1


def test_three_deliveries_at_once_are_one_job(connection: redis.Redis) -> None:
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        queued = list(threads.map(lambda _: enqueue(picture_queue(connection), JOB, 60), range(8)))
    assert queued.count(True) == 1
    assert picture_queue(connection).count == 1


def test_same_msgid_of_another_follower_is_another_message(connection: redis.Redis) -> None:
    queue = picture_queue(connection)
    other = dataclasses.replace(JOB, follower="oZYXWVUTSRQPONMLKJIHGFEDCBA1")
    assert enqueue(queue, JOB, 60)
    assert enqueue(queue, other, 60)


def test_same_msgid_at_another_time_is_another_message() -> None:
    assert dataclasses.replace(JOB, created=JOB.created + 1).id != JOB.id


def test_time_of_receipt_does_not_matter() -> None:
    assert dataclasses.replace(JOB, received=0.0).id == JOB.id


def test_turn_tells_a_picture_from_a_question() -> None:
    question = dataclasses.replace(JOB, media_id="", question="几只猫？")
    assert JOB.turn == f"picture:{JOB.id}"
    assert question.turn == f"question:{JOB.id}"


def test_named_function_exists() -> None:
    module, _, name = ANSWER.rpartition(".")
    assert callable(getattr(importlib.import_module(module), name))


def test_job_is_json_and_its_text_holds_no_openid(connection: redis.Redis) -> None:
    enqueue(picture_queue(connection), JOB, 60)
    stored: dict[Any, Any] = connection.hgetall(f"rq:job:{JOB.id}")
    function, _, arguments, fields = json.loads(zlib.decompress(stored[b"data"]))
    assert (function, arguments) == (ANSWER, [])
    assert ImageJob(**fields) == JOB
    assert stored[b"description"] == b"picture"
    del stored[b"data"]
    assert JOB.follower.encode() not in repr(stored).encode()


def test_job_is_tried_three_times_and_kept_as_long_as_the_follower_may_be_written_to(
    connection: redis.Redis,
) -> None:
    queue = picture_queue(connection)
    enqueue(queue, dataclasses.replace(JOB, question="几只猫？"), 3600)
    (job,) = queue.jobs
    assert (job.description, job.meta) == ("question", {})
    assert (job.retries_left, job.timeout) == (2, 60)
    assert (job.result_ttl, job.failure_ttl) == (3600, 172_800)


def test_job_carries_the_request_that_it_came_with(connection: redis.Redis) -> None:
    queue = picture_queue(connection)
    with logs.about("8f14e45fceea167a"):
        enqueue(queue, JOB, 60)
    assert queue.jobs[0].meta == {"request": "8f14e45fceea167a"}


def test_enqueue_takes_one_round_trip(redis_url: str, connection: redis.Redis) -> None:
    pool = redis.ConnectionPool.from_url(redis_url, connection_class=CountingConnection)
    queue = picture_queue(redis.Redis(connection_pool=pool))
    enqueue(queue, JOB, 60)  # the first asks for the server's version and loads the script
    before = CountingConnection.sent
    enqueue(queue, dataclasses.replace(JOB, message_id="24000000000000002"), 60)
    assert CountingConnection.sent - before == 1
    pool.disconnect()


def test_announced_queue_is_known_to_rq(connection: redis.Redis) -> None:
    announce(connection, picture_queue(connection))
    assert [queue.name for queue in Queue.all(connection)] == ["pictures"]
