"""worker.refusal: what an intruder who can write to Redis might try."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from rq import Callback, Queue, Repeat
from rq.executions import Execution
from rq.job import Job, JobStatus
from rq.webhook import Webhook

from contract.job import ANSWER, ImageJob, enqueue, picture_queue
from tests.worker.conftest import OPENID, Send
from tests.worker.crew import takes_all
from worker.recovery import Recovery
from worker.refusal import refusal

Work = Callable[[], None]


@pytest.fixture
def queue(connection: redis.Redis) -> Queue:
    return picture_queue(connection)


@pytest.mark.parametrize(
    ("function", "options", "reason"),
    [
        ("os.system", {}, "it calls 'os.system'"),
        ("worker.job._look", {}, "it calls 'worker.job._look'"),
        (ANSWER, {"args": ["touch", "x"]}, "positional arguments"),
        (ANSWER, {"on_success": Callback("os.system")}, "callbacks"),
        (ANSWER, {"on_failure": Callback("os.system")}, "callbacks"),
        (ANSWER, {"on_stopped": Callback("os.system")}, "callbacks"),
        (ANSWER, {"webhooks": [Webhook("http://127.0.0.1/", "finished")]}, "webhooks"),
        (ANSWER, {"repeat": Repeat(3)}, "repeats"),
    ],
)
def test_foreign_job_is_refused_with_the_reason(
    queue: Queue, function: str, options: dict[str, Any], reason: str
) -> None:
    job = queue.enqueue_call(function, **options)
    assert reason in str(refusal(Job.fetch(job.id, queue.connection, serializer=queue.serializer)))


def test_job_that_depends_on_another_is_refused(queue: Queue) -> None:
    first = queue.enqueue_call(ANSWER)
    second = queue.enqueue_call(ANSWER, depends_on=first)
    found = Job.fetch(second.id, queue.connection, serializer=queue.serializer)
    assert "dependencies" in str(refusal(found))


def test_our_own_job_is_not_refused(queue: Queue) -> None:
    job = ImageJob(
        follower=OPENID, message_id="1", created=1, received=1, language="zh", media_id="m"
    )
    enqueue(queue, job, 60)
    assert refusal(Job.fetch(job.id, queue.connection, serializer=queue.serializer)) is None


def test_refused_job_fails_without_being_run_and_others_go_on(
    queue: Queue, work: Work, send: Send, samples: dict[str, bytes], tmp_path: Path
) -> None:
    mark = tmp_path / "ran"
    foreign = queue.enqueue_call("os.mkdir", args=[str(mark)])
    mine = send(samples["1-digit-3"])
    work()
    assert not mark.exists()
    assert foreign.get_status() == JobStatus.FAILED
    assert "refused: it calls 'os.mkdir'" in str(foreign.latest_result().exc_string)  # type: ignore[union-attr]
    assert Job.fetch(mine, queue.connection, serializer=queue.serializer).meta["outcome"] == "sent"


@pytest.mark.parametrize(("refuse", "called"), [(refusal, False), (takes_all, True)])
def test_callback_of_an_abandoned_job_is_called_only_where_nobody_refuses(
    queue: Queue, tmp_path: Path, refuse: Callable[[Job], str | None], called: bool
) -> None:
    mark = tmp_path / "ran"
    job = queue.enqueue_call(ANSWER, on_failure=Callback("tests.worker.test_refusal.leave_mark"))
    job.meta["mark"] = str(mark)
    job.save()
    with queue.connection.pipeline() as pipeline:  # as its worker left it
        execution = Execution.create(job, 1, pipeline, worker_name="gone")
        job.prepare_for_execution("gone", pipeline)
        pipeline.zadd(queue.started_job_registry.key, {execution.composite_key: time.time() - 9})
        pipeline.execute()
    Recovery(queue, refuse).run()
    assert mark.exists() == called
    assert job.get_status() == JobStatus.FAILED


def leave_mark(job: Job, *_: object) -> None:
    """Show that it was called."""
    Path(job.meta["mark"]).touch()
