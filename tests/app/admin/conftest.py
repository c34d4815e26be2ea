"""The admin pages in this process, on a real Redis, and somebody who is logged in."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import flask
import flask.testing
import pytest
import redis
from rq.job import Job, JobStatus
from rq.results import Result

from app import create_app
from contract.follower import Followers
from contract.health import (
    Health,
    ModelState,
    ProcessState,
    QueueState,
    QuotaState,
    RedisState,
    WorkerState,
)
from contract.job import ImageJob, announce, enqueue, picture_queue
from contract.settings import Settings
from contract.traces import Traces
from tests.app.conftest import OPENID
from tests.conftest import make_settings

PASSWORD = "kX3vGq8ZtR5mWy2P"
OURS = {"Sec-Fetch-Site": "same-origin"}  # what a browser says of our own forms
Client = flask.testing.FlaskClient
MakeJob = Callable[..., Job]


@pytest.fixture
def settings(redis_url: str) -> Settings:
    return make_settings(redis_url=redis_url, admin_password=PASSWORD)


@pytest.fixture
def app(settings: Settings, connection: redis.Redis) -> flask.Flask:
    return create_app(settings)


def log_in(client: Client, password: str = PASSWORD, **headers: str) -> Any:
    form = {"password": password}
    return client.post("/admin/login", data=form, headers=OURS | headers)


@pytest.fixture
def client(app: flask.Flask) -> Client:
    """Somebody who is logged in, and reads English."""
    client = app.test_client()
    assert log_in(client).status_code == 303
    client.set_cookie("kantu_language", "en", path="/admin")
    return client


@pytest.fixture
def make_job(settings: Settings, connection: redis.Redis) -> MakeJob:
    """Make the job of a message; keyword arguments are notes of the worker's."""
    queue, followers = picture_queue(connection), Followers(settings, connection)

    def make(number: int = 1, *, failed: str = "", question: str = "", **notes: object) -> Job:
        message = ImageJob(
            follower=OPENID, message_id=str(number), created=1, received=time.time(),
            language="zh", media_id="" if question else "media", question=question,
        )  # fmt: skip
        enqueue(queue, message, 3600)
        with connection.pipeline() as pipeline:
            announce(pipeline, queue)
            Traces(queue, followers).note(pipeline, OPENID, message.id)
            pipeline.execute()
        job = Job.fetch(message.id, connection, serializer=queue.serializer)
        job.meta.update(notes)
        if failed:
            connection.lrem(queue.key, 0, job.id)
            job.retries_left = 0
            job.save()
            job.set_status(JobStatus.FAILED)
            job.failed_job_registry.add(job, 3600)
            Result.create_failure(job, 3600, failed)
        job.save()
        return job

    return make


def make_health(**changes: Any) -> Health:
    """Return how everything is when all is well."""
    now = time.time()
    process = ProcessState(
        name="host.12.1", state="busy", running=3, done=1234, failed=5, born=now - 3600, heard=now
    )
    values: dict[str, Any] = {
        "taken": now,
        "token": 5463.0,
        "pauses": (),
        "models": (make_model(),),
        "queue": QueueState(waiting=2, oldest=0.3, running=3, failed=0, held=1),
        "workers": WorkerState(known=1, alive=1, processes=(process,)),
        "redis": RedisState(
            version="7.0.15", used=83 * 2**20, limit=512 * 2**20, policy="noeviction",
            durable=True, snapshot="ok", append="ok",
        ),
        "quotas": (QuotaState(api="send", used=12_502, limit=500_000),),
    }  # fmt: skip
    return Health(**values | changes)


def make_model(**changes: Any) -> ModelState:
    values: dict[str, Any] = {
        "name": "demo", "version": "1", "found": "AVAILABLE", "breaker_open": False, "ailing": None,
    }  # fmt: skip
    return ModelState(**values | changes)
