"""worker.job and worker.reconcile: from a queued picture to its one outcome."""

from __future__ import annotations

import dataclasses
import logging
import re
import zlib
from collections.abc import Callable
from typing import Any

import pytest
import redis
from rq.job import Job
from rq.serializers import JSONSerializer

import worker.job
from contract.job import ImageJob, picture_queue
from contract.outcome import Outcome
from labels import phrase
from simulator.errors import ApiError
from tests.conftest import APP_ID, APP_SECRET, WeChatServer, until
from tests.worker.conftest import OPENID, Send
from worker.__main__ import make_worker
from worker.errors import (
    ModelUnavailable,
    SendBroken,
    WeChatParked,
    WeChatRefused,
    WeChatUnavailable,
)
from worker.pool import ThreadWorker
from worker.post import Reply
from worker.reconcile import Reconciler
from worker.services import Services
from worker.token import AccessToken

Work = Callable[[], None]


@pytest.fixture
def job(connection: redis.Redis) -> Callable[[str], Job]:
    return lambda job_id: Job.fetch(job_id, connection, serializer=JSONSerializer)


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


def test_picture_is_answered(
    work: Work, send: Send, job: Fetch, wechat_server: WeChatServer, samples: dict[str, bytes]
) -> None:
    job_id = send(samples["1-digit-3"])
    work()
    (text,) = wechat_server.texts()
    assert text.startswith("让我猜猜")
    assert text.endswith("数字 3")
    meta = job(job_id).meta
    assert (meta["outcome"], meta["model"]) == ("sent", "demo")
    assert meta["received"] <= meta["started"] <= meta["fetched"] <= meta["seen"] <= meta["sent"]


def test_question_is_about_the_last_picture(
    work: Work, send: Send, wechat_server: WeChatServer, jpeg: bytes
) -> None:
    send(jpeg)
    send(question="什么颜色？", number=2)
    work()
    assert wechat_server.texts()[1] == "You asked: 什么颜色？"


def test_question_without_a_picture_asks_for_one(
    work: Work, send: Send, job: Fetch, wechat_server: WeChatServer
) -> None:
    job_id = send(question="什么颜色？")
    work()
    assert wechat_server.texts() == [phrase("zh", "send_picture_first")]
    assert job(job_id).meta["outcome"] == "apologised"


@pytest.mark.parametrize(
    ("picture", "sentence"),
    [
        (b"", "not_a_picture"),
        (b"hello", "not_a_picture"),
        (b"\xff\xd8\xff\xe0 cut", "picture_broken"),
    ],
)
def test_bad_picture_gets_its_kind_sentence(
    work: Work, send: Send, job: Fetch, wechat_server: WeChatServer, picture: bytes, sentence: str
) -> None:
    job_id = send(picture)
    work()
    (text,) = wechat_server.texts()
    assert text in {phrase("zh", sentence), phrase("zh", "not_a_picture")}
    assert job(job_id).meta["outcome"] == "apologised"
    assert job(job_id).is_finished


def test_three_failed_attempts_end_in_one_apology(
    work: Work,
    send: Send,
    job: Fetch,
    services: Services,
    wechat_server: WeChatServer,
    monkeypatch: pytest.MonkeyPatch,
    jpeg: bytes,
) -> None:
    classify = Counted(ModelUnavailable("the model server is away"))
    monkeypatch.setattr("worker.vision.Classifier.classify", classify)
    job_id = send(jpeg)
    work()
    assert (classify.calls, job(job_id).is_failed) == (3, True)
    reconciler = Reconciler(picture_queue(job(job_id).connection), services)
    reconciler.run()
    reconciler.run()
    assert wechat_server.texts() == [phrase("zh", "apology")]
    assert job(job_id).meta["outcome"] == "apologised"


def test_reply_found_once_is_not_looked_for_again(
    work: Work,
    send: Send,
    wechat_server: WeChatServer,
    monkeypatch: pytest.MonkeyPatch,
    jpeg: bytes,
) -> None:
    look = Counted(worker.job._look)
    monkeypatch.setattr("worker.job._look", look)
    refuse = Counted(ApiError(-1))
    monkeypatch.setattr(wechat_server.account, "receive_text", refuse)
    send(jpeg)
    work()
    assert (look.calls, refuse.calls) == (1, 3)


def test_wechat_away_and_back_loses_nothing(
    work: Work,
    send: Send,
    job: Fetch,
    services: Services,
    wechat_server: WeChatServer,
    monkeypatch: pytest.MonkeyPatch,
    samples: dict[str, bytes],
) -> None:
    monkeypatch.setattr("worker.wechat.WeChat.send_text", Counted(WeChatUnavailable("away")))
    job_id = send(samples["1-digit-3"])
    work()
    assert job(job_id).is_failed
    monkeypatch.undo()
    Reconciler(picture_queue(job(job_id).connection), services).run()
    (text,) = wechat_server.texts()
    assert text.endswith("数字 3")
    assert job(job_id).meta["outcome"] == "sent"


def test_apology_that_was_delayed_is_still_an_apology(
    work: Work,
    send: Send,
    job: Fetch,
    services: Services,
    wechat_server: WeChatServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("worker.wechat.WeChat.send_text", Counted(WeChatUnavailable("away")))
    job_id = send(b"no picture")
    work()
    monkeypatch.undo()
    Reconciler(picture_queue(job(job_id).connection), services).run()
    assert wechat_server.texts() == [phrase("zh", "not_a_picture")]
    assert job(job_id).meta["outcome"] == "apologised"


def test_redis_lost_before_the_send_leaves_the_answer_for_the_next_attempt(
    work: Work,
    send: Send,
    job: Fetch,
    wechat_server: WeChatServer,
    monkeypatch: pytest.MonkeyPatch,
    jpeg: bytes,
) -> None:
    stall_before_the_send(monkeypatch)
    job_id = send(jpeg)
    work()
    assert job(job_id).meta["outcome"] == "sent"
    assert len(wechat_server.texts()) == 1


def stall_before_the_send(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a picture be fetched, then Redis stall once."""
    known = AccessToken._known
    failures = iter([None, redis.TimeoutError()])

    def stall(token: AccessToken) -> str | None:
        if error := next(failures, None):
            raise error
        return known(token)

    monkeypatch.setattr(AccessToken, "_known", stall)


def test_burst_goes_on_with_the_next_attempt_of_what_failed_while_it_looked(
    work: Work, send: Send, job: Fetch, monkeypatch: pytest.MonkeyPatch, jpeg: bytes
) -> None:
    take = ThreadWorker._take

    def take_slowly(worker: ThreadWorker, *, wait: bool) -> bool:
        took = take(worker, wait=wait)
        if not took:
            until(lambda: not worker.executions and not worker._at_work.running())
        return took

    monkeypatch.setattr(ThreadWorker, "_take", take_slowly)
    stall_before_the_send(monkeypatch)
    job_id = send(jpeg)
    work()
    assert job(job_id).meta["outcome"] == "sent"


def test_outcome_is_not_changed_by_a_second_run(
    work: Work, send: Send, job: Fetch, wechat_server: WeChatServer, jpeg: bytes
) -> None:
    job_id = send(jpeg)
    work()
    queue = picture_queue(job(job_id).connection)
    queue.push_job_id(job_id)  # as if its worker had died before RQ could say "finished"
    work()
    assert job(job_id).meta["outcome"] == "sent"
    assert len(wechat_server.texts()) == 1


def test_outcome_that_an_overlapping_attempt_has_written_over_is_found_again(
    work: Work, send: Send, job: Fetch, wechat_server: WeChatServer, jpeg: bytes
) -> None:
    job_id = send(jpeg)
    work()
    stale = job(job_id)
    del stale.meta["outcome"]  # as whoever began before it was recorded would have it
    stale.save_meta()
    picture_queue(stale.connection).push_job_id(job_id)
    work()
    assert job(job_id).meta["outcome"] == "sent"
    assert len(wechat_server.texts()) == 1


def test_death_between_the_mailbox_and_the_record_brings_no_second_answer(
    work: Work,
    send: Send,
    job: Fetch,
    services: Services,
    wechat_server: WeChatServer,
    monkeypatch: pytest.MonkeyPatch,
    jpeg: bytes,
) -> None:
    with monkeypatch.context() as dying:
        dying.setattr("worker.wechat.WeChat.send_text", Counted(WeChatParked(45047)))
        dying.setattr("worker.delivery.record", Counted(redis.TimeoutError()))
        job_id = send(jpeg)
        work()
    monkeypatch.setattr("worker.delivery._LONGEST_SEND", 0)
    monkeypatch.setattr("worker.reconcile._SETTLED_BY_OTHERS", 0)
    Reconciler(picture_queue(job(job_id).connection), services).run()
    assert wechat_server.texts() == []
    assert job(job_id).meta["outcome"] == "unknown"
    assert services.post.mailbox.take(OPENID, "next").startswith("（可能已经发过）")
    assert services.post.mailbox.take(OPENID, "after") == ""


def test_job_of_another_making_holds_up_no_other(
    work: Work,
    send: Send,
    job: Fetch,
    services: Services,
    wechat_server: WeChatServer,
    connection: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    jpeg: bytes,
) -> None:
    queue = picture_queue(connection)
    strange = queue.enqueue_call("worker.job.answer", kwargs={"bogus": 1}).id
    damaged = queue.enqueue_call("worker.job.answer").id
    connection.hset(f"rq:job:{damaged}", "data", zlib.compress(b"no JSON"))
    work()
    monkeypatch.setattr("worker.vision.Classifier.classify", Counted(ModelUnavailable("away")))
    failed = send(jpeg)
    work()
    Reconciler(queue, services).run()
    assert wechat_server.texts() == [phrase("zh", "apology")]
    assert job(failed).meta["outcome"] == "apologised"
    assert [job(each).meta["outcome"] for each in (strange, damaged)] == ["dropped"] * 2


def test_reply_that_wechat_will_never_take_holds_up_no_other(
    work: Work,
    send: Send,
    job: Fetch,
    services: Services,
    connection: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    jpeg: bytes,
) -> None:
    monkeypatch.setattr("worker.wechat.WeChat.send_text", Counted(WeChatRefused(45002)))
    jobs = [send(jpeg, number=number) for number in (1, 2)]
    work()
    for job_id in jobs:
        meta = job(job_id).meta
        assert (meta["outcome"], "45002" in meta["reason"]) == ("dropped", True)


def test_only_one_process_reconciles_at_a_time(
    work: Work,
    send: Send,
    services: Services,
    connection: redis.Redis,
    wechat_server: WeChatServer,
    monkeypatch: pytest.MonkeyPatch,
    jpeg: bytes,
) -> None:
    monkeypatch.setattr("worker.vision.Classifier.classify", Counted(ModelUnavailable("away")))
    send(jpeg)
    work()
    with connection.lock("kantu:reconcile", timeout=60):
        Reconciler(picture_queue(connection), services).run()
        assert wechat_server.texts() == []
    Reconciler(picture_queue(connection), services).run()
    assert len(wechat_server.texts()) == 1


def test_picture_is_kept_only_where_somebody_can_ask_about_it(
    send: Send,
    work: Work,
    services: Services,
    connection: redis.Redis,
    jpeg: bytes,
) -> None:
    settings = services.settings.model_copy(update={"vqa_model": ""})
    without = dataclasses.replace(services, settings=settings)
    send(jpeg)
    make_worker(picture_queue(connection), without).work(burst=True, logging_level="WARNING")
    assert services.album.look(OPENID) == []
    second = send(jpeg, number=2)
    work()
    assert services.album.get(OPENID, second) is not None


def test_replies_come_in_the_order_of_the_messages(
    work: Work,
    send: Send,
    job: Fetch,
    wechat_server: WeChatServer,
    samples: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pictures = [samples["1-digit-3"], samples["2-digit-8"], samples["3-digit-5"]] * 3
    jobs = [send(picture, number=number) for number, picture in enumerate(pictures)]
    look = worker.job._look

    def slowly(each: Job, message: ImageJob, services: Services) -> Reply:
        if each.id == jobs[0]:  # it is seen last
            until(lambda: all(job(job_id).return_value() == "waiting" for job_id in jobs[1:]))
        return look(each, message, services)

    monkeypatch.setattr("worker.job._look", slowly)
    work()
    assert [text[-1] for text in wechat_server.texts()] == list("385385385")
    assert [text[:5] for text in wechat_server.texts()] == [f"第 {n} 张" for n in range(1, 10)]
    assert {job(job_id).meta["outcome"] for job_id in jobs} == {"sent"}


def test_reply_whose_turn_never_comes_is_sent_all_the_same(
    work: Work,
    send: Send,
    job: Fetch,
    services: Services,
    wechat_server: WeChatServer,
    connection: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    samples: dict[str, bytes],
) -> None:
    lost = send(samples["1-digit-3"])
    queue = picture_queue(connection)
    queue.remove(lost)  # it stays open for ever
    job_id = send(samples["2-digit-8"], number=2)
    work()
    assert wechat_server.texts() == []
    assert job(job_id).return_value() == "waiting"
    monkeypatch.setattr("worker.reconcile._SETTLED_BY_OTHERS", 0)
    Reconciler(queue, services).run()
    assert wechat_server.texts() == []
    monkeypatch.setattr("worker.reconcile._PATIENCE", 0)
    Reconciler(queue, services).run()
    assert len(wechat_server.texts()) == 1
    assert job(job_id).meta["outcome"] == "sent"
    assert services.waiting.longer_than(0) == {}


def test_reply_of_a_dead_worker_s_successor_is_handed_on(
    work: Work,
    send: Send,
    job: Fetch,
    services: Services,
    wechat_server: WeChatServer,
    connection: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    samples: dict[str, bytes],
) -> None:
    monkeypatch.setattr("worker.delivery._hand_on", lambda *_: None)  # it dies before it can
    jobs = [send(samples["1-digit-3"], number=number) for number in (1, 2)]
    work()
    monkeypatch.undo()
    monkeypatch.setattr("worker.reconcile._SETTLED_BY_OTHERS", 0)
    Reconciler(picture_queue(connection), services).run()
    assert len(wechat_server.texts()) == 2
    assert {job(job_id).meta["outcome"] for job_id in jobs} == {"sent"}


def test_reconciler_pauses_while_wechat_is_away(
    work: Work,
    send: Send,
    services: Services,
    connection: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    jpeg: bytes,
) -> None:
    send_text = Counted(WeChatUnavailable("away"))
    monkeypatch.setattr("worker.wechat.WeChat.send_text", send_text)
    send(jpeg)
    send(jpeg, number=2)
    work()
    send_text.calls = 0
    reconciler = Reconciler(picture_queue(connection), services)
    reconciler.run()
    reconciler.run()
    assert send_text.calls == 1


def test_connection_lost_in_the_send_is_unknown_and_not_sent_again(
    work: Work,
    send: Send,
    job: Fetch,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
    jpeg: bytes,
) -> None:
    send_text = Counted(SendBroken("no word"))
    monkeypatch.setattr("worker.wechat.WeChat.send_text", send_text)
    job_id = send(jpeg)
    work()
    Reconciler(picture_queue(job(job_id).connection), services).run()
    assert send_text.calls == 1
    assert job(job_id).meta["outcome"] == "unknown"
    assert services.post.mailbox.take(OPENID, "next").startswith("（可能已经发过）")


def test_death_in_the_send_is_unknown_and_not_sent_again(
    work: Work,
    send: Send,
    job: Fetch,
    services: Services,
    wechat_server: WeChatServer,
    monkeypatch: pytest.MonkeyPatch,
    jpeg: bytes,
) -> None:
    job_id = send(jpeg)
    services.claim.take(job_id)  # by a worker that died before it could say how it went
    work()
    assert "outcome" not in job(job_id).meta  # it may be sending just now
    monkeypatch.setattr("worker.delivery._LONGEST_SEND", 0)
    monkeypatch.setattr("worker.reconcile._SETTLED_BY_OTHERS", 0)
    Reconciler(picture_queue(services.claim._redis), services).run()
    assert wechat_server.texts() == []
    assert job(job_id).meta["outcome"] == "unknown"
    assert services.waiting.longer_than(0) == {}


@pytest.mark.parametrize("errcode", [45015, 45047])
def test_reply_outside_the_window_waits_for_the_follower_s_next_message(
    work: Work,
    send: Send,
    job: Fetch,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
    errcode: int,
    samples: dict[str, bytes],
) -> None:
    monkeypatch.setattr("worker.wechat.WeChat.send_text", Counted(WeChatParked(errcode)))
    job_id = send(samples["1-digit-3"])
    work()
    assert job(job_id).meta["outcome"] == Outcome.PARKED
    assert services.post.mailbox.take(OPENID, "next").endswith("数字 3")


@pytest.mark.parametrize("errcode", [45009, 48001])
def test_replies_of_an_account_that_may_not_send_wait_for_the_followers(
    work: Work,
    send: Send,
    job: Fetch,
    services: Services,
    wechat_server: WeChatServer,
    monkeypatch: pytest.MonkeyPatch,
    errcode: int,
    samples: dict[str, bytes],
) -> None:
    refuse = Counted(ApiError(errcode))
    monkeypatch.setattr(wechat_server.account, "receive_text", refuse)
    ids = [send(samples["1-digit-3"], number=number) for number in (1, 2)]
    work()
    assert [job(each).meta["outcome"] for each in ids] == [Outcome.PARKED] * 2
    assert refuse.calls == 1
    assert re.findall(r"第 \d 张", services.post.mailbox.take(OPENID, "next")) == [
        "第 1 张",
        "第 2 张",
    ]


@pytest.mark.parametrize("errcode", [40003, 43004, 45002])
def test_final_refusal_is_dropped_with_its_reason(
    work: Work,
    send: Send,
    job: Fetch,
    monkeypatch: pytest.MonkeyPatch,
    errcode: int,
    jpeg: bytes,
) -> None:
    monkeypatch.setattr("worker.wechat.WeChat.send_text", Counted(WeChatRefused(errcode)))
    job_id = send(jpeg)
    work()
    meta = job(job_id).meta
    assert meta["outcome"] == Outcome.DROPPED
    assert str(errcode) in meta["reason"]


def test_neither_logs_nor_redis_show_secrets_or_the_follower(
    work: Work,
    send: Send,
    services: Services,
    connection: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    jpeg: bytes,
) -> None:
    caplog.set_level(logging.INFO)
    send(jpeg)
    work()
    monkeypatch.setattr("worker.vision.Classifier.classify", Counted(ModelUnavailable("away")))
    job_id = send(jpeg, number=2)
    work()
    Reconciler(picture_queue(connection), services).run()
    token = connection.get(f"kantu:wechat:{APP_ID}:token")
    assert isinstance(token, bytes)
    failed = Job.fetch(job_id, connection, serializer=JSONSerializer)
    ours = [record.getMessage() for record in caplog.records if record.name != "werkzeug"]
    seen = str(ours) + str(failed.latest_result()) + str(list(connection.scan_iter()))
    assert "failed, attempts left=2: away" in caplog.text
    assert not [secret for secret in (OPENID, APP_SECRET, token.decode()) if secret in seen]
