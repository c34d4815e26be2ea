"""How the end of a job is written down: for RQ, and for the operator."""

from __future__ import annotations

import logging
import traceback

from rq.executions import Execution
from rq.job import Job, JobStatus
from rq.results import Result
from rq.worker import BaseWorker

from worker.errors import AnswerError

logger = logging.getLogger(__name__)


def succeed(worker: BaseWorker, job: Job, execution: Execution, value: object) -> None:
    """Record a success as RQ does, in one trip to Redis: ours have no dependents."""
    ttl = job.get_result_ttl(worker.default_result_ttl)
    with worker.connection.pipeline() as pipeline:
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
        pipeline.execute()


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
    frames = traceback.extract_tb(error.__traceback__)
    trace = "\n".join(
        [f"{each.filename}:{each.lineno} {each.name}" for each in frames] + [type(error).__name__]
    )
    logger.error("job=%s failed\n%s", job.id, trace)
    return trace
