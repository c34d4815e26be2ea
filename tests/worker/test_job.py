"""worker.job: from a queued picture to its one outcome."""

from __future__ import annotations

import dataclasses
import logging

import pytest
import redis
from rq.job import Job
from rq.serializers import JSONSerializer

import worker.job
from contract.job import picture_queue
from labels import phrase
from simulator.errors import ApiError
from tests.conftest import APP_ID, APP_SECRET, WeChatServer, until
from tests.worker.conftest import OPENID, Counted, Fetch, Send, Work
from worker.__main__ import make_worker
from worker.errors import (
    ModelUnavailable,
    WeChatRefused,
    WeChatUnavailable,
)
from worker.pool import ThreadWorker
from worker.reconcile import Reconciler
from worker.services import Services
from worker.token import AccessToken


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
