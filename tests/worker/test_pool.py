"""worker.pool, worker.recovery and worker.supervisor, as real processes that are really killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from rq import Queue, Retry, Worker
from rq.command import send_stop_job_command
from rq.executions import Execution
from rq.job import Job, JobStatus
from rq.suspension import resume, suspend
from rq.worker import BaseWorker, WorkerStatus

from tests.conftest import alive, until
from tests.worker.crew import queue_of, takes_all
from worker.recovery import Recovery, give_back

ROOT = Path(__file__).parents[2]
# RQ counts whole seconds, and a busy machine can hold a live worker up for two of them.
SHORT: dict[str, Any] = {"HEARTBEAT_TTL": 5, "_BEAT": 0.5, "_MAINTENANCE": 0.5}
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def queue(redis_url: str, connection: redis.Redis) -> Queue:  # which it empties
    return queue_of(redis_url)


@pytest.fixture
def start(redis_url: str, queue: Queue) -> Iterator[Start]:
    """Start a worker and wait until it is known; all are killed in the end."""
    with contextlib.ExitStack() as stack:

        def begin(**options: Any) -> subprocess.Popen[str]:
            known = Worker.count(queue=queue)
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.worker.crew", redis_url, json.dumps(options)],
                cwd=ROOT, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
            stack.callback(kill, process)
            until(lambda: Worker.count(queue=queue) == known + options.get("processes", 1))
            return process

        yield begin


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def seen(queue: Queue) -> BaseWorker:
    """Return the only worker, as RQ's dashboard sees it."""
    (worker,) = Worker.all(queue=queue)
    return worker


def call(queue: Queue, function: str, *arguments: object, **options: Any) -> Job:
    return queue.enqueue(f"tests.worker.jobs.{function}", *arguments, **options)


def starts(job: Job) -> int:
    return int(job.connection.get(f"starts:{job.id}") or 0)


def ended(*jobs: Job) -> Callable[[], bool]:
    return lambda: all(job.get_status() == JobStatus.FINISHED for job in jobs)


def stop(process: subprocess.Popen[str]) -> str:
    """Tell it to stop; return what it said."""
    process.terminate()
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    return said


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_jobs_run_at_once(queue: Queue, start: Start) -> None:
    start(threads=8)
    until(ended(*[call(queue, "meet", 8) for _ in range(8)]))


def test_rq_shows_what_is_going_on(queue: Queue, start: Start) -> None:
    start()
    long, bad = call(queue, "sleep", 2), call(queue, "fail")
    until(lambda: bad.get_status() == JobStatus.FAILED)
    worker = seen(queue)
    (execution,) = worker.get_current_executions()
    assert (worker.get_state(), execution.job_id) == (WorkerStatus.BUSY, long.id)
    assert long.id in queue.started_job_registry.get_job_ids()
    until(ended(long))
    worker = seen(queue)
    assert worker.get_state() == WorkerStatus.IDLE
    assert (worker.successful_job_count, worker.failed_job_count) == (1, 1)
    assert worker.total_working_time >= 2
    assert long.return_value() == "rested"
    assert queue.finished_job_registry.get_job_ids() == [long.id]


def test_strange_error_is_logged_and_kept_without_its_text(queue: Queue, start: Start) -> None:
    process = start()
    job = call(queue, "fail")
    until(lambda: job.get_status() == JobStatus.FAILED)
    said = stop(process)
    kept = str(job.latest_result().exc_string)  # type: ignore[union-attr]
    for text in (said, kept):
        assert "ValueError" in text
        assert "never-to-be-seen" not in text


def test_running_jobs_finish_when_it_is_told_to_stop(queue: Queue, start: Start) -> None:
    process = start(threads=2)
    jobs = [call(queue, "sleep", 1.5) for _ in range(5)]
    until(lambda: sum(starts(job) for job in jobs) == 2)
    stop(process)
    assert [job.get_status() for job in jobs] == [JobStatus.FINISHED] * 2 + [JobStatus.QUEUED] * 3
    assert queue.count == 3
    assert queue.intermediate_queue.get_job_ids() == []
    assert Worker.count(queue=queue) == 0


def test_jobs_begun_ahead_go_back_in_order_and_lose_no_attempt(queue: Queue, start: Start) -> None:
    jobs = [call(queue, "sleep", 1.5, retry=Retry(max=2)) for _ in range(16)]
    process = start(threads=8)
    until(lambda: queue.count == 6)  # two more were taken than there are threads
    until(lambda: sum(starts(job) for job in jobs) == 8)
    stop(process)
    assert queue.job_ids == [job.id for job in jobs[8:]]
    assert {job.get_status() for job in jobs[8:]} == {JobStatus.QUEUED}
    for job in jobs[8:]:
        job.refresh()
        assert job.retries_left == 2
    assert queue.started_job_registry.get_job_ids(cleanup=False) == []


def test_job_that_outlives_the_grace_goes_back(queue: Queue, start: Start) -> None:
    process = start(grace=0.5, processes=1)
    job = call(queue, "sleep", 60, retry=Retry(max=2))
    until(lambda: starts(job))
    stop(process)
    assert queue.job_ids == [job.id]


def test_live_job_is_started_once_though_others_look_for_the_abandoned(
    queue: Queue, start: Start
) -> None:
    start(**SHORT)
    job = call(queue, "sleep", 8, retry=Retry(max=2))
    until(lambda: starts(job))
    start(**SHORT)
    until(ended(job))
    assert starts(job) == 1


def test_job_whose_worker_is_silent_is_started_again(queue: Queue, start: Start) -> None:
    start(**SHORT, dumb=True)
    job = call(queue, "sleep", 9, retry=Retry(max=2))
    until(lambda: starts(job))
    start(**SHORT)
    until(lambda: starts(job) == 2)


def test_jobs_of_a_killed_process_are_back_at_once(queue: Queue, start: Start) -> None:
    start(processes=2)  # with the heartbeats of production: nobody waits for those to run out
    jobs = [call(queue, "die_once", retry=Retry(max=2)) for _ in range(2)]
    jobs += [call(queue, "sleep", 0.5, retry=Retry(max=2)) for _ in range(4)]
    until(ended(*jobs), 10)
    until(lambda: Worker.count(queue=queue) == 2)


def test_jobs_of_a_vanished_host_are_back_once_its_heartbeats_are_missed(
    queue: Queue, start: Start
) -> None:
    gone = start(**SHORT, processes=2)
    jobs = [call(queue, "sleep", 1.5, retry=Retry(max=2)) for _ in range(6)]
    until(lambda: any(starts(job) for job in jobs))
    for pid in [gone.pid, *children(gone.pid)]:
        os.kill(pid, signal.SIGKILL)
    start(**SHORT, threads=8)
    until(ended(*jobs))
    assert max(starts(job) for job in jobs) == 2


def test_children_end_with_their_parent(queue: Queue, start: Start) -> None:
    parent = start(processes=2)
    pids = children(parent.pid)
    assert len(pids) == 2
    parent.kill()
    until(lambda: not any(alive(pid) for pid in pids))
    assert queue.count == 0


def test_job_lost_in_transit_is_put_back(queue: Queue, start: Start) -> None:
    job = call(queue, "sleep", 0)
    queue.connection.lmove(queue.key, queue.intermediate_queue_key)  # and then the worker died
    start(**SHORT)
    until(ended(job))
    assert queue.intermediate_queue.get_job_ids() == []


def test_deleted_job_is_passed_over(queue: Queue, start: Start) -> None:
    gone, job = call(queue, "sleep", 0), call(queue, "sleep", 0)
    queue.connection.delete(gone.key)
    start()
    until(ended(job))
    assert queue.intermediate_queue.get_job_ids() == []


def test_failed_job_waits_a_little_before_each_further_attempt(queue: Queue, start: Start) -> None:
    start(**SHORT)
    job = call(queue, "fail", retry=Retry(max=2))
    for attempt in (1, 2):
        until(lambda: queue.connection.llen("times") == attempt)  # noqa: B023  # asked at once
        until(lambda: job.get_status() == JobStatus.SCHEDULED)
    until(lambda: job.get_status() == JobStatus.FAILED)
    assert queue.connection.llen("times") == 3


def test_abandoned_job_waits_for_nothing_though_it_failed_before(queue: Queue) -> None:
    job = call(queue, "fail", retry=Retry(max=2))
    job.retry_intervals = [1, 4]
    job.save()
    queue.scheduled_job_registry.schedule(job, job.created_at)
    Recovery(queue, takes_all).run()
    again = Job.fetch(job.id, queue.connection, serializer=queue.serializer)
    assert again.retry_intervals is None
    assert again.get_status() == JobStatus.QUEUED


def test_job_that_was_called_scheduled_but_never_was_goes_back(queue: Queue) -> None:
    job = call(queue, "sleep", 0, retry=Retry(max=2))
    queue.remove(job)
    with queue.connection.pipeline() as pipeline:
        execution = Execution.create(job, 1, pipeline, worker_name="gone")
        pipeline.execute()
    job.set_status(JobStatus.SCHEDULED)  # and here its worker died, or lost Redis
    give_back(queue, [execution])
    assert queue.job_ids == [job.id]
    assert job.get_status() == JobStatus.QUEUED


def test_worker_waits_for_redis_to_come_back(
    queue: Queue, start: Start, connection: redis.Redis
) -> None:
    process = start(_BEAT=0.5)
    # At its very start it may die of it instead; then it is started again from outside.
    until(lambda: seen(queue).get_state() == WorkerStatus.IDLE)
    connection.client_kill_filter(_type="normal", skipme=True)
    connection.client_kill_filter(_type="pubsub", skipme=True)
    until(ended(call(queue, "sleep", 0)))
    assert process.poll() is None


def test_suspended_worker_takes_nothing(queue: Queue, start: Start) -> None:
    start()
    suspend(queue.connection)
    until(lambda: seen(queue).get_state() == WorkerStatus.SUSPENDED)
    job = call(queue, "sleep", 0)
    assert not starts(job)
    resume(queue.connection)
    until(ended(job))


def test_stopping_one_job_is_refused(queue: Queue, start: Start) -> None:
    process = start()
    job = call(queue, "sleep", 1)
    until(lambda: starts(job))
    send_stop_job_command(queue.connection, job.id)
    until(ended(job))
    assert "cannot be stopped" in stop(process)


def test_process_with_a_hanging_job_is_replaced(queue: Queue, start: Start) -> None:
    start(**SHORT, _OVERDUE=0, processes=1, grace=1)
    hanging = call(queue, "sleep", 300, job_timeout=1)
    until(lambda: starts(hanging))
    others = [call(queue, "sleep", 0) for _ in range(3)]
    until(ended(*others))
    until(lambda: hanging.get_status() == JobStatus.FAILED)
    until(lambda: Worker.count(queue=queue) == 1)
