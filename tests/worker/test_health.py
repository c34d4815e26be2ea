"""worker.health: what is found of real parts, well and unwell."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
import redis
from rq import SimpleWorker
from rq.job import Job

from contract.job import ImageJob, enqueue, picture_queue
from contract.settings import Settings
from launch.supervisor import free_port
from tests.conftest import APP_ID, make_settings
from worker.breaker import Breaker
from worker.endpoint import BREAKER
from worker.errcodes import Api
from worker.errors import ModelSilent
from worker.health import Observer
from worker.standing import Pause, Standing
from worker.waiting import Waiting


@pytest.fixture
def settings(redis_url: str, serving_url: str) -> Settings:
    return make_settings(redis_url=redis_url, serving_url=serving_url, vqa_model="answerer")


@pytest.fixture
def observer(settings: Settings, connection: redis.Redis) -> Observer:
    return Observer(settings, connection)


def queue_message(connection: redis.Redis, number: int) -> Job:
    queue = picture_queue(connection)
    message = ImageJob(
        follower="oABCDEFGHIJKLMNOPQRSTUVWXYZ1", message_id=str(number), created=1,
        received=time.time(), language="zh", media_id="media",
    )  # fmt: skip
    enqueue(queue, message, 60)
    return Job.fetch(message.id, connection, serializer=queue.serializer)


def break_open(connection: redis.Redis, model: str) -> None:
    breaker = Breaker(connection, model)

    def ask() -> None:
        raise ModelSilent("no answer")

    for _ in range(5):
        with pytest.raises(ModelSilent):
            breaker.call(ask, breaker.failures())


def test_house_at_rest(observer: Observer) -> None:
    health = observer.health(None)
    assert (health.token, health.pauses) == (None, ())
    assert [(each.name, each.version, each.found) for each in health.models] == [
        ("demo", "1", "AVAILABLE"),
        ("answerer", "1", "AVAILABLE"),
    ]
    assert not any(each.breaker_open or each.ailing for each in health.models)
    assert (health.queue.waiting, health.queue.oldest, health.queue.failed) == (0, 0, 0)
    assert (health.workers.known, health.workers.alive) == (0, 0)
    assert health.redis.policy == "noeviction"
    assert health.redis.used > 100_000


def test_token_is_timed_and_never_shown(observer: Observer, connection: redis.Redis) -> None:
    standing = Standing(connection, APP_ID)
    standing.keep("a-token-not-to-be-shown", 1000)
    why = Pause(
        api=Api.SEND, why="quota", until=time.time() + 60, errcode=45009, remedy="wait", closed=True
    )
    standing.pause(why)
    health = observer.health(None)
    assert health.token is not None
    assert 990 < health.token <= 1000
    assert [(each.api, each.errcode, each.remedy) for each in health.pauses] == [
        ("send", 45009, "wait")
    ]
    assert "a-token" not in health.to_json()


def test_model_that_is_missing_is_named_with_what_its_server_says(
    settings: Settings, connection: redis.Redis
) -> None:
    without = settings.model_copy(update={"classifier_model": "gone", "vqa_model": ""})
    (model,) = Observer(without, connection).models()
    assert (model.version, model.breaker_open) == ("", False)
    assert "HTTP 404" in model.found
    assert model.ailing is not None


def test_model_ails_since_it_was_first_found_so(
    settings: Settings, connection: redis.Redis
) -> None:
    away = {"serving_url": f"http://127.0.0.1:{free_port()}", "vqa_model": ""}
    observer = Observer(settings.model_copy(update=away), connection)
    first = observer.health(None)
    second = observer.health(first)
    assert first.models[0].ailing is not None
    assert second.models[0].ailing == first.models[0].ailing
    assert "no answer" in second.models[0].found


def test_open_breaker_is_no_good_health(observer: Observer, connection: redis.Redis) -> None:
    break_open(connection, "demo")
    demo, answerer = observer.models()
    assert (demo.found, demo.breaker_open, answerer.breaker_open) == ("AVAILABLE", True, False)
    assert demo.ailing is not None


def test_server_that_names_no_state_is_not_well(
    observer: Observer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.model_server.ModelServer.status", lambda _server, _name: ("1", ""))
    assert all(each.ailing for each in observer.models())


def test_endpoint_is_as_well_as_its_breaker_says(
    settings: Settings, connection: redis.Redis
) -> None:
    other = {"vqa_endpoint": "https://models.example/v1", "vqa_endpoint_model": "qwen-vl"}
    observer = Observer(settings.model_copy(update=other), connection)
    before = observer.models()[-1]
    break_open(connection, BREAKER)
    after = observer.models()[-1]
    assert (before.name, before.found, before.breaker_open) == ("qwen-vl", "", False)
    assert before.ailing is None
    assert (after.name, after.breaker_open, after.ailing is None) == ("qwen-vl", True, False)


def test_first_in_the_queue_is_the_oldest(observer: Observer, connection: redis.Redis) -> None:
    first = queue_message(connection, 1)
    queue_message(connection, 2)
    first.enqueued_at = datetime.now(UTC) - timedelta(seconds=75)
    first.save()
    state = observer.queue()
    assert state.waiting == 2
    assert 74 < state.oldest < 90


def test_failed_message_counts_until_it_has_its_outcome(
    observer: Observer, connection: redis.Redis
) -> None:
    registry = picture_queue(connection).failed_job_registry
    settled, open_ = queue_message(connection, 1), queue_message(connection, 2)
    settled.meta["outcome"] = "apologised"
    settled.save_meta()
    for job in (settled, open_):
        registry.add(job, ttl=60)
    assert observer.queue().failed == 1
    open_.meta["outcome"] = "dropped"
    open_.save_meta()
    assert observer.queue().failed == 0


def test_replies_that_wait_for_their_turn_are_counted(
    observer: Observer, connection: redis.Redis
) -> None:
    Waiting(connection).add("a job")
    assert observer.queue().held == 1


def test_worker_that_fell_silent_is_known_but_not_alive(
    observer: Observer, connection: redis.Redis
) -> None:
    for name in ("one", "two"):
        worker = SimpleWorker([picture_queue(connection)], name=name, connection=connection)
        worker.register_birth()
    long_ago = (datetime.now(UTC) - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    connection.hset("rq:worker:one", "last_heartbeat", long_ago)
    state = observer.workers()
    assert (state.known, state.alive) == (2, 1)
