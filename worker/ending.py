"""How the end of a job is written down: for RQ, and for the operator."""

from __future__ import annotations

import contextlib
import logging
import queue
from collections.abc import Callable, Sequence

import redis
from redis.client import Pipeline
from rq import Queue
from rq.executions import Execution
from rq.job import Job, JobStatus
from rq.results import Result
from rq.worker import BaseWorker

from contract.stack import stack
from worker.errors import AnswerError

logger = logging.getLogger(__name__)
Success = tuple[Job, Execution, object]  # with what the job returned


class Successes:
    """Records successes: in each trip to Redis, as many as there were during the last."""

    def __init__(self, worker: BaseWorker, recorded: Callable[[Execution], None]) -> None:
        self._worker = worker
        self._recorded = recorded  # called for each, also where Redis is away
        self._ended = queue.SimpleQueue[Success]()

    def add(self, job: Job, execution: Execution, value: object) -> None:
        """Have a success recorded soon."""
        self._ended.put((job, execution, value))

    def run(self) -> None:
        """Record for ever, on a thread of its own."""
        while True:
            successes = [self._ended.get()]
            with contextlib.suppress(queue.Empty):
                while True:
                    successes.append(self._ended.get_nowait())
            self._record(successes)

    def _record(self, successes: Sequence[Success]) -> None:
        try:
            with self._worker.connection.pipeline() as pipeline:
                for job, execution, value in successes:
                    _succeed(self._worker, job, execution, value, pipeline)
                pipeline.execute()
        except Exception as error:  # noqa: BLE001  # Redis went away: they count as abandoned
            logger.error("%d ends are not recorded: %s", len(successes), type(error).__name__)
        for _, execution, _ in successes:
            self._recorded(execution)


def _succeed(
    worker: BaseWorker, job: Job, execution: Execution, value: object, pipeline: Pipeline
) -> None:
    """Record a success as RQ does, without asking for dependents: ours have none."""
    ttl = job.get_result_ttl(worker.default_result_ttl)
    job.set_status(JobStatus.FINISHED, pipeline)
    job.save(pipeline, include_meta=False, include_result=False)
    Result.create(
        job, Result.Type.SUCCESSFUL, ttl, return_value=value, pipeline=pipeline,
        worker_name=worker.name, execution_id=execution.id,
        execution_started_at=execution.created_at, execution_ended_at=job.ended_at,
    )  # fmt: skip
    job.finished_job_registry.add(job, ttl, pipeline)
    job.cleanup(ttl, pipeline, remove_from_queue=False)
    worker.increment_successful_job_count(pipeline)
    if job.started_at and job.ended_at:
        worker.increment_total_working_time(job.ended_at - job.started_at, pipeline)
    worker.cleanup_execution(job, pipeline, execution)


def return_unstarted(worker: BaseWorker, origin: Queue, executions: Sequence[Execution]) -> None:
    """Put jobs back to the head of the queue as if they had not been taken: no attempt is lost."""
    try:
        with worker.connection.pipeline() as pipeline:
            for execution in reversed(executions):
                execution.job.set_status(JobStatus.QUEUED, pipeline)
                worker.cleanup_execution(execution.job, pipeline, execution)
                origin.push_job_id(execution.job_id, pipeline, at_front=True)
            pipeline.execute()
    except redis.RedisError as error:  # those that run must still have their time to finish
        logger.error("%d jobs count as abandoned: %s", len(executions), type(error).__name__)


def refuse(worker: BaseWorker, job: Job, execution: Execution, reason: str) -> None:
    """Record that a job was not run; unlike a failure, that calls nothing that it names."""
    logger.error("job=%s refused: %s", job.id, reason)
    with worker.connection.pipeline() as pipeline:
        job.set_status(JobStatus.FAILED, pipeline)
        job.failed_job_registry.add(job, job.failure_ttl, pipeline=pipeline)
        Result.create_failure(
            job, job.failure_ttl, f"refused: {reason}", worker_name=worker.name, pipeline=pipeline
        )
        worker.increment_failed_job_count(pipeline)
        worker.cleanup_execution(job, pipeline, execution)
        pipeline.execute()


def log_failure(job: Job, error: Exception) -> str:
    """Log it; return what to keep: not the text of a strange error, which may hold a secret."""
    if isinstance(error, AnswerError):
        left = job.retries_left or 0
        logger.warning("job=%s failed, attempts left=%d: %s", job.id, left, error)
        return f"{type(error).__name__}: {error}"
    trace = "\n".join(reversed(stack(error)))
    logger.error("job=%s failed\n%s", job.id, trace)
    return trace
