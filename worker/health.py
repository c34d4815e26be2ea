"""How we are: what only the worker can find out, for whoever asks (contract.health)."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import redis
from rq import Queue
from rq.job import Job
from rq.worker import BaseWorker

from contract.health import (
    SILENT,
    Health,
    ModelState,
    PausedApi,
    ProcessState,
    QueueState,
    RedisState,
    WorkerState,
)
from contract.job import picture_queue
from contract.settings import Settings
from worker.breaker import Breaker
from worker.endpoint import BREAKER
from worker.errors import ModelUnavailable
from worker.model_server import AVAILABLE, ModelServer
from worker.standing import Standing
from worker.waiting import Waiting

_AT_ONCE = 500  # jobs read in one trip


class Observer:
    """Looks at everything; methods raise redis.RedisError where Redis is away."""

    def __init__(self, settings: Settings, connection: redis.Redis) -> None:
        self._redis = connection
        self._queue = picture_queue(connection)
        self._standing = Standing(connection, settings.wechat_app_id)
        self._server = ModelServer(settings.serving_url)
        self._models = [each for each in (settings.classifier_model, settings.vqa_model) if each]
        self._endpoint = settings.vqa_endpoint_model if settings.vqa_endpoint else ""
        self._settled = set[str]()  # failed jobs that have their outcome: not to be read again

    def health(self, before: Health | None) -> Health:
        """Return how everything is now; before is what was found the last time."""
        token, pauses = self.account()
        return Health(
            taken=time.time(),
            token=token,
            pauses=pauses,
            models=self.models(before),
            queue=self.queue(),
            workers=self.workers(),
            redis=self.redis(),
        )

    def account(self) -> tuple[float | None, tuple[PausedApi, ...]]:
        """Return for how many seconds there is a token, and what is paused."""
        token, pauses = self._standing.look()
        return token, tuple(
            PausedApi(
                api=each.api, why=each.why, until=each.until, errcode=each.errcode,
                remedy=each.remedy,
            )
            for each in pauses
        )  # fmt: skip

    def models(self, before: Health | None = None) -> tuple[ModelState, ...]:
        """Return how the models are; before tells since when one has not been well."""
        ailing = {each.name: each.ailing for each in before.models} if before else {}
        found = [(each, each.found == AVAILABLE) for each in map(self._served, self._models)]
        if self._endpoint:
            # Whether it answers, only its breaker tells: every call may be paid for.
            found.append((_state(self._endpoint, "", "", Breaker(self._redis, BREAKER)), True))
        return tuple(
            each
            if well and not each.breaker_open
            else replace(each, ailing=ailing.get(each.name) or time.time())
            for each, well in found
        )

    def _served(self, name: str) -> ModelState:
        try:
            version, found = self._server.status(name)
        except ModelUnavailable as error:
            version, found = "", str(error)
        return _state(name, version, found, Breaker(self._redis, name))

    def queue(self) -> QueueState:
        """Return what waits, runs, and has failed."""
        return QueueState(
            waiting=self._queue.count,
            oldest=_oldest(self._queue),
            running=self._queue.started_job_registry.get_job_count(cleanup=False),
            failed=self._failed(),
            held=len(Waiting(self._redis).longer_than(0)),
        )

    def _failed(self) -> int:
        """Return how many failed jobs have no outcome; each is read until it has one."""
        failed = set(self._queue.failed_job_registry.get_job_ids(cleanup=False))
        self._settled &= failed
        unsettled = sorted(failed - self._settled)
        for start in range(0, len(unsettled), _AT_ONCE):
            self._note_settled(unsettled[start : start + _AT_ONCE])
        return len(failed - self._settled)

    def _note_settled(self, ids: list[str]) -> None:
        jobs = Job.fetch_many(ids, self._redis, serializer=self._queue.serializer)
        self._settled |= {
            job_id
            for job_id, job in zip(ids, jobs, strict=True)
            if job is None or "outcome" in job.meta
        }

    def workers(self) -> WorkerState:
        """Return the processes that work, and what each of them does."""
        workers = BaseWorker.all(self._redis, queue=self._queue, serializer=self._queue.serializer)
        with self._redis.pipeline(transaction=False) as pipeline:
            for each in workers:
                pipeline.scard(each.executions_key)
            running: list[int] = pipeline.execute()
        processes = [_process(*each) for each in zip(workers, running, strict=True)]
        alive = sum(time.time() - each.heard < SILENT for each in processes)
        ordered = tuple(sorted(processes, key=lambda each: each.name))
        return WorkerState(known=len(workers), alive=alive, processes=ordered)

    def redis(self) -> RedisState:
        """Return how Redis is."""
        info: Any = self._redis.info()
        return RedisState(
            version=str(info["redis_version"]),
            used=int(info["used_memory"]),
            limit=int(info.get("maxmemory", 0)),
            policy=str(info.get("maxmemory_policy", "")),
            durable=bool(info.get("aof_enabled")),
            snapshot=str(info.get("rdb_last_bgsave_status", "")),
            append=str(info.get("aof_last_write_status", "")),
        )


def _state(name: str, version: str, found: str, breaker: Breaker) -> ModelState:
    is_open = breaker.is_open()
    return ModelState(name=name, version=version, found=found, breaker_open=is_open, ailing=None)


def _oldest(queue: Queue) -> float:
    """Return for how many seconds the first in a queue has been there; 0 for an empty queue."""
    ids = queue.get_job_ids(0, 1)
    jobs = Job.fetch_many(ids, queue.connection, serializer=queue.serializer) if ids else []
    since = jobs[0].enqueued_at if jobs and jobs[0] else None
    return max(0.0, (datetime.now(UTC) - since).total_seconds()) if since else 0.0


def _process(worker: BaseWorker, running: int) -> ProcessState:
    return ProcessState(
        name=worker.name,
        state=str(worker.get_state()),
        running=running,
        done=worker.successful_job_count,
        failed=worker.failed_job_count,
        born=worker.birth_date.timestamp() if worker.birth_date else 0.0,
        heard=worker.last_heartbeat.timestamp() if worker.last_heartbeat else 0.0,
    )
