"""worker.reconcile: what a death or an outage has left open is brought to its end."""

from __future__ import annotations

import zlib

import pytest
import redis

from contract.job import picture_queue
from labels import phrase
from tests.conftest import WeChatServer
from tests.worker.conftest import OPENID, Counted, Fetch, Send, Work
from worker.errors import (
    ModelUnavailable,
    WeChatParked,
    WeChatUnavailable,
)
from worker.reconcile import Reconciler
from worker.services import Services


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


def test_who_has_waited_longest_is_answered_first(
    work: Work,
    send: Send,
    job: Fetch,
    services: Services,
    connection: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    jpeg: bytes,
) -> None:
    with monkeypatch.context() as away:
        away.setattr("worker.vision.Classifier.classify", Counted(ModelUnavailable("away")))
        ids = sorted((send(jpeg, number=number) for number in range(5)), reverse=True)
        work()
    connection.zadd("rq:failed:pictures", {each: at for at, each in enumerate(ids, 1_795_000_000)})
    Reconciler(picture_queue(connection), services).run()
    assert sorted(ids, key=lambda each: float(job(each).meta["sent"])) == ids


def test_failed_message_that_another_may_be_sending_is_looked_at_again(
    work: Work,
    send: Send,
    job: Fetch,
    services: Services,
    connection: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    jpeg: bytes,
) -> None:
    monkeypatch.setattr("worker.vision.Classifier.classify", Counted(ModelUnavailable("away")))
    job_id = send(jpeg)
    work()
    services.claim.take(job_id, services.claim.mark())  # by a worker that died over the apology
    reconciler = Reconciler(picture_queue(connection), services)
    reconciler.run()
    assert "outcome" not in job(job_id).meta
    monkeypatch.setattr("worker.delivery._LONGEST_SEND", 0)
    reconciler.run()
    assert job(job_id).meta["outcome"] == "unknown"


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
    # By a worker that died before it could say how it went.
    services.claim.take(job_id, services.claim.mark())
    work()
    assert "outcome" not in job(job_id).meta  # it may be sending just now
    monkeypatch.setattr("worker.delivery._LONGEST_SEND", 0)
    monkeypatch.setattr("worker.reconcile._SETTLED_BY_OTHERS", 0)
    Reconciler(picture_queue(services.claim._redis), services).run()
    assert wechat_server.texts() == []
    assert job(job_id).meta["outcome"] == "unknown"
    assert services.waiting.longer_than(0) == {}
