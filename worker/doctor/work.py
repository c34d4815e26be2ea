"""The worker: is it alive, does it keep up, what is left alone and until when."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

import redis

from contract.health import PausedApi, QueueState, WorkerState, read
from contract.settings import Settings
from worker.alert import LONG_WAIT
from worker.doctor.finding import Finding, note, well, wrong
from worker.errcodes import BEIJING
from worker.health import Observer

_START = "start it: python -m worker (make run does); if it runs, see its log"


def check(settings: Settings, connection: redis.Redis) -> Iterator[Finding]:
    """Give what is found; raise redis.RedisError."""
    observer = Observer(settings, connection)
    queue, workers = observer.queue(), observer.workers()
    yield _alive(workers)
    yield _pace(queue)
    yield _outcomes(queue)
    yield _watch(workers, connection)
    _, pauses = observer.account()
    yield from _pauses(pauses)
    yield from _breakers(observer)


def _alive(workers: WorkerState) -> Finding:
    subject = "worker"
    if workers.alive:
        return well(subject, f"{workers.alive} processes are alive")
    return wrong(subject, f"no process is alive ({workers.known} known); expected one", _START)


def _pace(queue: QueueState) -> Finding:
    subject = "queue"
    found = f"{queue.waiting} wait, {queue.running} are worked on"
    if queue.oldest > LONG_WAIT:
        return wrong(
            subject,
            f"{found}; the first has waited {queue.oldest:.0f} s, expected {LONG_WAIT:.0f} at most",
            "see whether the worker is alive and the model server keeps up",
        )
    since = f"; the first for {queue.oldest:.1f} s" if queue.waiting else ""
    return well(subject, f"{found}{since}")


def _outcomes(queue: QueueState) -> Finding:
    subject = "messages without an outcome"
    held = f"; {queue.held} replies wait for their turn" if queue.held else ""
    if queue.failed:
        return note(
            subject,
            f"{queue.failed} have failed and nobody was told{held}",
            "none while a worker runs: it apologises within half a minute",
        )
    return well(subject, f"none has failed{held}")


def _watch(workers: WorkerState, connection: redis.Redis) -> Finding:
    subject, health = "the worker's watch", read(connection)
    if health:
        return well(subject, f"it looked {max(0.0, time.time() - health.taken):.0f} s ago")
    if workers.alive:
        return note(subject, "it has not looked within a minute; expected every 10 s", _START)
    return note(subject, "it has not looked within a minute, since no worker runs")


def _pauses(pauses: tuple[PausedApi, ...]) -> Iterator[Finding]:
    subject = "pauses of WeChat's API"
    if not pauses:
        yield well(subject, "none")
    for pause in pauses:
        end = datetime.fromtimestamp(pause.until, BEIJING)
        yield wrong(
            subject,
            f"{pause.api} is left alone until {end:%Y-%m-%d %H:%M:%S %z}, since WeChat said: "
            f"{pause.why}",
            pause.remedy or "wait: it ends by itself",
        )


def _breakers(observer: Observer) -> Iterator[Finding]:
    subject = "breakers"
    opened = [each.name for each in observer.models() if each.breaker_open]
    if not opened:
        yield well(subject, "closed")
    for name in opened:
        yield wrong(
            subject,
            f"{name} has not answered five times in a row; it is asked once in ten seconds",
            "see the model server's log; the breaker closes when it answers",
        )
