"""RQ's worker with its jobs on threads: one process waits for many pictures at once.

RQ's own makes some 26 trips to Redis for a job. Here jobs are begun and ended several at a time,
one thread renews all heartbeats, and what belongs to features that our jobs are refused for
(dependents, callbacks) is not asked. Only RQ's public methods are used and replaced.

    queue ──> Intake ──> Threads ──> Successes, or RQ's own handling of failures
"""

from __future__ import annotations

import collections
import functools
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType
from typing import Any

import redis
from redis.client import Pipeline
from rq import Queue
from rq.command import parse_payload
from rq.executions import Execution
from rq.job import Job
from rq.suspension import is_suspended
from rq.worker import BaseWorker, WorkerStatus

from worker.ending import Successes, log_failure, refuse, return_unstarted
from worker.intake import Intake
from worker.recovery import RETRY_PAUSES, WORKER_TTL, give_back
from worker.threads import NoDeathPenalty, Threads

logger = logging.getLogger(__name__)
HEARTBEAT_TTL = 12  # seconds: a job is abandoned when its worker was silent for so long
_BEAT = 3  # seconds between heartbeats
_LOOK = 1.0  # seconds between looks at what else there is to do
_MAINTENANCE = 2  # seconds
_AHEAD = 4  # while the queue is long, a quarter more jobs are begun than there are threads
_OVERDUE = 15  # seconds beyond a job's deadline, after which its thread is given up


class ThreadWorker(BaseWorker):
    """Works off one queue on many threads; a job in transit is safe in RQ's intermediate queue."""

    death_penalty_class = NoDeathPenalty

    def __init__(  # noqa: PLR0913  # all by name
        self,
        queue: Queue,
        *,
        threads: int,
        grace: float,  # seconds for running jobs when told to stop
        refusal: Callable[[Job], str | None],  # why a job must not run, if so
        maintain: Callable[[], None],  # called every two seconds, on a thread of its own
        enter_thread: Callable[[], object] = lambda: None,  # called first in each thread
        name: str | None = None,
    ) -> None:
        super().__init__(
            [queue], name=name, connection=queue.connection, serializer=queue.serializer,
            worker_ttl=WORKER_TTL, job_monitoring_interval=_BEAT, log_job_description=False,
        )  # fmt: skip
        self._queue = queue
        self._threads = threads
        self._grace = grace
        self._refusal = refusal
        self._maintain = maintain
        self._intake = Intake(queue, threads)
        self._at_work = Threads(threads, enter_thread)
        self._begun = collections.deque[tuple[Job, Execution]]()
        self._successes = Successes(self, self._forget)
        self._leaving = threading.Event()
        self._closed = threading.Event()
        self._looked = 0.0

    def dequeue_job_and_maintain_ttl(
        self,
        timeout: int | None,
        max_idle_time: int | None = None,  # noqa: ARG002  # RQ's signature
    ) -> tuple[Job, Queue] | None:
        """Return the next job, begun already; None when leaving, or when a burst has done all."""
        burst = timeout is None
        while not self._begun and not self._leaving.is_set():
            idle = len(self.executions) < self._threads
            try:
                self.check_for_suspension(burst)
                # Before the queue is looked at: what ends in between may be queued again.
                last = burst and not (self.executions or self._at_work.running())
                took = self._take(wait=idle and not burst)
            except redis.RedisError as error:
                logger.error("Redis is away: %s; trying again", type(error).__name__)
                self._leaving.wait(_LOOK)
                continue
            if last and not took:
                return None
            if not took and (burst or not idle):
                self._at_work.wait(_LOOK)
        return (self._begun[0][0], self._queue) if self._begun else None

    def _take(self, *, wait: bool) -> bool:
        """Take jobs for which there is room and begin them; wait for the first if told to."""
        ahead = self._threads // _AHEAD if self._intake.queue_is_long else 0
        room = self._threads + ahead - len(self.executions)
        if room <= 0:
            return False
        ids = self._intake.take(room) or (self._intake.wait() if wait else [])
        begun = self._intake.begin(ids, self.name, HEARTBEAT_TTL, self._set_busy)
        self.executions.update({execution.id: execution for _, execution in begun})
        self._begun.extend(begun)
        return bool(begun)

    def _set_busy(self, pipeline: Pipeline) -> None:
        self.set_state(WorkerStatus.BUSY, pipeline)

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run it on a thread that is free."""
        _, execution = self._begun.popleft()
        self._at_work.start(execution, functools.partial(self._run, job, queue, execution))

    def _run(self, job: Job, queue: Queue, execution: Execution) -> None:
        recorded = True
        try:
            if reason := self._refusal(job):
                refuse(self, job, execution, reason)
            else:
                recorded = not self.perform_job(job, queue, execution)
        except Exception as error:  # noqa: BLE001  # Redis went away: the job counts as abandoned
            logger.error("job=%s: its end is not recorded: %s", job.id, type(error).__name__)
        if recorded:
            self._forget(execution)

    def _forget(self, execution: Execution) -> None:
        self.executions.pop(execution.id, None)
        self._at_work.free(execution)

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        """Run it and have its end recorded; return whether it succeeded."""
        job.started_at = datetime.now(UTC)  # until now it was only begun
        try:
            value = job.perform()
        except Exception as error:  # noqa: BLE001  # whatever a job may raise
            job.ended_at = datetime.now(UTC)
            trace = log_failure(job, error)
            self.handle_job_failure(job, queue, exc_string=trace, execution=execution)
            return False
        job.ended_at = datetime.now(UTC)
        self._successes.add(job, execution, value)
        return True

    def handle_job_failure(self, job: Job, *arguments: Any, **options: Any) -> None:
        """Let a job that failed wait before it is tried again; an abandoned one need not."""
        job.retry_intervals = list(RETRY_PAUSES)
        super().handle_job_failure(job, *arguments, **options)

    def cleanup_execution(
        self, job: Job, pipeline: Pipeline, execution: Execution | None = None
    ) -> None:
        """Forget an execution that has ended, and be idle after the last."""
        super().cleanup_execution(job, pipeline, execution)
        if not self.executions:
            self.set_state(WorkerStatus.IDLE, pipeline)

    def bootstrap(self, *arguments: Any, **options: Any) -> None:
        """Start the threads that keep us known and the house in order."""
        super().bootstrap(*arguments, **options)
        threading.Thread(target=self._successes.run, daemon=True).start()
        for work, pause in ((self._beat, _BEAT), (self._maintain, _MAINTENANCE)):
            threading.Thread(target=self._repeat, args=(work, pause), daemon=True).start()

    def _repeat(self, work: Callable[[], None], pause: float) -> None:
        while not self._closed.wait(pause):
            try:
                work()
            except redis.RedisError as error:
                logger.error("Redis is away: %s", type(error).__name__)
            except Exception:
                logger.exception("%s failed; trying again in %s s", work, pause)

    def _beat(self) -> None:
        """Renew the heartbeats of this worker and of what it runs; give up what is overdue."""
        with self.connection.pipeline() as pipeline:
            super().heartbeat(pipeline=pipeline)
            if self.get_state() != WorkerStatus.SUSPENDED:  # another thread may have had it wrong
                self.set_state(
                    WorkerStatus.BUSY if self.executions else WorkerStatus.IDLE, pipeline
                )
            pipeline.execute()
        for execution in list(self.executions.values()):
            job, age = execution.job, self._at_work.age(execution)
            if age < (job.timeout or 0) + _OVERDUE:
                self.maintain_heartbeats(job, execution)
            elif self._at_work.give_up(execution):
                logger.error("job=%s hangs for %.0f s: replacing this process", job.id, age)
                self._leaving.set()

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Renew the worker's heartbeat as part of a pipeline; alone, that is _beat()'s business."""
        if pipeline is not None:
            super().heartbeat(timeout, pipeline)

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:  # noqa: ARG002
        """Return the seconds after which a silent worker's job is abandoned."""
        return HEARTBEAT_TTL

    @property
    def should_run_maintenance_tasks(self) -> bool:
        """Never between jobs: that has a thread of its own."""
        return False

    def check_for_suspension(self, burst: bool) -> None:  # noqa: ARG002, FBT001  # RQ's signature
        """Take no jobs while `rq suspend` is in force; asked once a second."""
        if time.monotonic() - self._looked < _LOOK:
            return
        while not self._leaving.is_set() and is_suspended(self.connection, self):
            self.set_state(WorkerStatus.SUSPENDED)
            self._leaving.wait(_LOOK)
        if self.get_state() == WorkerStatus.SUSPENDED:
            self.set_state(WorkerStatus.IDLE)
        self._looked = time.monotonic()

    def handle_payload(self, message: Any) -> None:
        """Obey `rq`'s commands, but for those that would end one job: nothing can end a thread."""
        payload = parse_payload(message)
        if payload["command"] in {"stop-job", "stop-execution", "kill-horse"}:
            logger.warning("%s refused: a job on a thread cannot be stopped", payload["command"])
        else:
            super().handle_payload(message)

    def procline(self, message: str) -> None:
        """Leave the title of the process alone."""

    def request_stop(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Take no more jobs; a second signal changes nothing, for the wait has an end."""
        self.handle_warm_shutdown_request()
        self._leaving.set()

    def teardown(self) -> None:
        """Return what has not started, let the rest finish or give it back, and say goodbye."""
        end = time.monotonic() + self._grace
        begun = list(self.executions.values())
        return_unstarted(self, self._queue, [each for each in begun if self._at_work.stop(each)])
        while self._at_work.running() and time.monotonic() < end:
            self._at_work.wait(0.1)
        self._closed.set()
        give_back(self._queue, list(self.executions.values()))
        super().teardown()
