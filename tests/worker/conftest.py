"""A worker in this process: real RQ, real Redis, WeChat and a model server over HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from rq.job import Job
from rq.serializers import JSONSerializer

import contract.outcome
import worker.delivery
import worker.insistence
import worker.job
import worker.line
import worker.reconcile
import worker.recovery
import worker.waiting
from contract.follower import Language
from contract.job import ImageJob, enqueue, picture_queue
from contract.settings import Settings
from simulator.followers import MESSAGE_ALLOWS, Follower
from tests.conftest import APP_ID, WeChatServer, make_settings
from tests.worker.stage import Time
from worker.__main__ import build, make_worker
from worker.services import SERVICES, Services
from worker.wechat import WeChat

OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ1"
TOKEN_KEY = f"kantu:wechat:{APP_ID}:token"
Send = Callable[..., str]
Work = Callable[[], None]
Fetch = Callable[[str], Job]


class Counted:
    """Raises the same error at each call, or calls something else, and counts."""

    def __init__(self, does: Exception | Callable[..., Any]) -> None:
        self.does, self.calls = does, 0

    def __call__(self, *arguments: object) -> Any:
        self.calls += 1
        if isinstance(self.does, Exception):
            raise self.does
        return self.does(*arguments)


@pytest.fixture
def worker_settings(redis_url: str, serving_url: str, wechat_server: WeChatServer) -> Settings:
    return make_settings(
        redis_url=redis_url,
        serving_url=serving_url,
        wechat_api_url=wechat_server.url,
        vqa_model="answerer",
    )


@pytest.fixture
def services(worker_settings: Settings, connection: redis.Redis) -> Iterator[Services]:
    built = build(worker_settings, connection)
    token = SERVICES.set(built)
    yield built
    SERVICES.reset(token)


@pytest.fixture
def work(
    connection: redis.Redis, services: Services, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], None]:
    """Work off all that is queued, then return; further attempts come at once."""
    monkeypatch.setattr("worker.pool.RETRY_PAUSES", (0, 0))

    def run() -> None:
        queue = picture_queue(connection)
        make_worker(queue, services).work(burst=True, logging_level="WARNING")

    return run


@pytest.fixture
def send(connection: redis.Redis, services: Services, wechat_server: WeChatServer) -> Send:
    """Queue a message of the tests' follower; return its job's id."""
    account = wechat_server.account
    account.followers[OPENID] = Follower(openid=OPENID)

    def queue(
        picture: bytes | None = None,
        question: str = "",
        number: int = 1,
        language: Language = "zh",
    ) -> str:
        account.followers[OPENID].allow(MESSAGE_ALLOWS, account.clock.now())
        job = ImageJob(
            follower=OPENID,
            message_id=str(number),
            created=1_795_393_565,
            received=time.time(),
            language=language,
            media_id=account.media.keep(picture) if picture is not None else "",
            question=question,
        )
        with connection.pipeline() as pipeline:
            services.turns.join(pipeline, OPENID, job.turn)
            pipeline.execute()
        enqueue(picture_queue(connection), job, 60)
        return job.id

    return queue


@pytest.fixture
def texts(wechat_server: WeChatServer) -> Callable[[], list[str]]:
    return wechat_server.texts


@pytest.fixture
def wechat(wechat_server: WeChatServer, connection: redis.Redis) -> WeChat:
    """What asks WeChat, which lets it write to the tests' follower."""
    account = wechat_server.account
    account.followers[OPENID] = Follower(openid=OPENID)
    account.followers[OPENID].allow(MESSAGE_ALLOWS, account.clock.now())
    return WeChat(make_settings(wechat_api_url=wechat_server.url), connection)


@pytest.fixture
def job(connection: redis.Redis) -> Callable[[str], Job]:
    return lambda job_id: Job.fetch(job_id, connection, serializer=JSONSerializer)


@pytest.fixture
def stage_time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The clock of plays on the stage, in the place of ours."""
    clock = Time()
    for module in (
        contract.outcome, worker.delivery, worker.insistence, worker.job, worker.line,
        worker.reconcile, worker.recovery, worker.waiting,
    ):  # fmt: skip
        monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr("worker.pool._LOOK", 0)
    return clock
