"""The worker: is it alive, does it keep up, what is left alone and until when."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import redis
from rq.job import Job

from contract.health import LONG_WAIT, PausedApi, QueueState, WorkerState, read
from contract.job import DEADLINE, picture_queue
from contract.quota import BEIJING
from contract.settings import Settings
from worker.doctor.finding import Finding, note, well, wrong
from worker.doctor.quota import pushes
from worker.health import Observer

_OVERDUE = 30.0  # seconds after which a job that should have ended by itself hangs
_AT_ONCE = 500  # jobs read


def check(settings: Settings, connection: redis.Redis) -> Iterator[Finding]:
    """Give what is found; raise redis.RedisError."""
    observer = Observer(settings, connection)
    queue, workers = observer.queue(), observer.workers()
    yield _alive(workers)
    yield _pace(queue)
    yield _stuck(connection)
    yield _outcomes(queue)
    yield _watch(workers, connection)
    _, paused = observer.account()
    yield from _pauses(paused)
    yield from _breakers(observer)
    yield pushes(connection)


def _alive(workers: WorkerState) -> Finding:
    if workers.alive:
        return well("worker", alive=workers.alive)
    return wrong("worker", "dead", known=workers.known)


def _pace(queue: QueueState) -> Finding:
    values = {"waiting": queue.waiting, "running": queue.running, "oldest": queue.oldest}
    if queue.backed_up:
        return wrong("queue", "backed_up", most=LONG_WAIT, **values)
    return well("queue", "moving" if queue.waiting else "well", **values)


def _stuck(connection: redis.Redis) -> Finding:
    """Return whether jobs go on after the time at which each should have been ended."""
    queue = picture_queue(connection)
    ids = queue.started_job_registry.get_job_ids(0, _AT_ONCE - 1, cleanup=False)
    jobs = Job.fetch_many(ids, connection, serializer=queue.serializer) if ids else []
    now = datetime.now(UTC)
    ages = [(now - job.started_at).total_seconds() for job in jobs if job and job.started_at]
    hanging = [age for age in ages if age > DEADLINE + _OVERDUE]
    if not hanging:
        return well("stuck")
    return wrong("stuck", "wrong", count=len(hanging), oldest=max(hanging), most=DEADLINE)


def _outcomes(queue: QueueState) -> Finding:
    if queue.failed:
        return note("outcomes", "failed", failed=queue.failed, held=queue.held)
    return well("outcomes", held=queue.held)


def _watch(workers: WorkerState, connection: redis.Redis) -> Finding:
    health = read(connection)
    if health:
        return well("watch", ago=max(0.0, time.time() - health.taken))
    return note("watch", "silent" if workers.alive else "asleep")


def _pauses(pauses: tuple[PausedApi, ...]) -> Iterator[Finding]:
    if not pauses:
        yield well("pauses")
    for pause in pauses:
        until = f"{datetime.fromtimestamp(pause.until, BEIJING):%Y-%m-%d %H:%M:%S %z}"
        if pause.errcode:
            case = "refused" if pause.remedy else "passing"
            yield wrong("pauses", case, api=pause.api, until=until, errcode=pause.errcode)
        else:
            case = "other_remedy" if pause.remedy else "other"
            values = {"why": pause.why, "remedy": pause.remedy}
            yield wrong("pauses", case, api=pause.api, until=until, **values)


def _breakers(observer: Observer) -> Iterator[Finding]:
    opened = [each.name for each in observer.models() if each.breaker_open]
    if not opened:
        yield well("breakers")
    for name in opened:
        yield wrong("breakers", "open", model=name)
