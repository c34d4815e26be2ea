"""contract.traces"""

from __future__ import annotations

import pytest
import redis
from rq.job import Job, JobStatus

from contract.follower import Followers
from contract.job import ImageJob, enqueue, picture_queue
from contract.settings import Settings
from contract.traces import Traces

OPENID, OTHER = "oABCDEFGHIJKLMNOPQRSTUVWXYZ1", "oABCDEFGHIJKLMNOPQRSTUVWXYZ2"


@pytest.fixture
def traces(settings: Settings, connection: redis.Redis) -> Traces:
    return Traces(picture_queue(connection), Followers(settings, connection))


def send(traces: Traces, connection: redis.Redis, openid: str, number: int) -> Job:
    job = ImageJob(
        follower=openid, message_id=str(number), created=1, received=1.0, language="zh",
        media_id="m",
    )  # fmt: skip
    queue = picture_queue(connection)
    enqueue(queue, job, 60)
    with connection.pipeline() as pipeline:
        traces.note(pipeline, openid, job.id)
        pipeline.execute()
    return Job.fetch(job.id, connection, serializer=queue.serializer)


def end(job: Job) -> None:
    job.meta["outcome"] = "sent"
    job.save()
    job.set_status(JobStatus.FINISHED)


def test_a_follower_s_jobs_are_deleted_and_nobody_else_s(
    traces: Traces, connection: redis.Redis
) -> None:
    mine = [send(traces, connection, OPENID, number) for number in (1, 2)]
    other = send(traces, connection, OTHER, 1)
    for job in (*mine, other):
        end(job)
    traces.forget(OPENID)
    assert [connection.exists(job.key) for job in (*mine, other)] == [0, 0, 1]


@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.STARTED, JobStatus.FINISHED])
def test_job_without_an_outcome_is_left_to_come_to_one(
    traces: Traces, connection: redis.Redis, status: JobStatus
) -> None:
    job = send(traces, connection, OPENID, 1)
    job.set_status(status)
    traces.forget(OPENID)
    assert connection.exists(job.key)


def test_nothing_known_is_nothing_to_forget(traces: Traces) -> None:
    traces.forget(OPENID)


def test_job_whose_execution_has_run_out_is_deleted_all_the_same(
    traces: Traces, connection: redis.Redis
) -> None:
    job = send(traces, connection, OPENID, 1)
    end(job)
    connection.zadd(f"rq:executions:{job.id}", {f"{job.id}:gone": 2e9})
    traces.forget(OPENID)
    assert connection.exists(job.key) == 0
    assert traces.of(traces._followers.alias(OPENID)) == []
