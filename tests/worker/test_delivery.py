"""worker.delivery: a reply goes out once, in its turn, and is recorded in one line."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

import pytest
import redis
from rq.job import Job
from rq.serializers import JSONSerializer

import worker.job
from contract.follower import Followers
from contract.job import ImageJob, picture_queue
from contract.outcome import Outcome
from contract.steps import STEPS, durations
from simulator.errors import ApiError
from tests.conftest import WeChatServer, until
from tests.worker.conftest import OPENID, Counted, Fetch, Send, Work
from worker.errors import (
    ModelUnavailable,
    SendBroken,
    WeChatParked,
    WeChatRefused,
)
from worker.post import Reply
from worker.reconcile import Reconciler
from worker.services import Services
from worker.vision import Classifier

Lines = Callable[[], list[logging.LogRecord]]


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Lines:
    """Return what the worker has said about messages, but for WARNINGs of single attempts."""
    caplog.set_level(logging.INFO)
    return lambda: [
        each
        for each in caplog.records
        if each.name.startswith(("worker", "rq")) and "attempts left" not in each.getMessage()
    ]


@pytest.fixture
def follower(services: Services) -> str:
    return services.followers.alias(OPENID)


def meta(connection: redis.Redis, job_id: str) -> dict[str, object]:
    return dict(Job.fetch(job_id, connection, serializer=JSONSerializer).meta)


def test_picture_is_told_in_one_line(
    work: Callable[[], None], send: Send, lines: Lines, follower: str, samples: dict[str, bytes]
) -> None:
    job_id = send(samples["1-digit-3"])
    work()
    (line,) = lines()
    assert line.levelno == logging.INFO
    assert re.fullmatch(
        rf"job={job_id} outcome=sent model=demo attempt=1 follower={follower} ms=\d+ queue_ms=\d+ "
        r"fetch_ms=\d+ prepare_ms=\d+ model_ms=\d+ turn_ms=\d+ send_ms=\d+",
        line.getMessage(),
    )


def test_question_has_the_same_steps(
    work: Callable[[], None], send: Send, lines: Lines, jpeg: bytes
) -> None:
    send(jpeg)
    send(question="什么颜色？", number=2)
    work()
    said = [line.getMessage() for line in lines()]
    (question,) = [each for each in said if "model=answerer" in each]
    assert re.search(r"ms=\d+ queue_ms=\d+ fetch_ms=\d+ model_ms=\d+ turn_ms=", question)


def test_bad_picture_s_line_says_why(work: Callable[[], None], send: Send, lines: Lines) -> None:
    send(b"just text")
    work()
    (line,) = lines()
    assert "outcome=apologised" in line.getMessage()
    assert line.getMessage().endswith("reason=9 bytes of no known kind")


def test_further_attempt_has_its_number_and_its_pause(
    work: Callable[[], None],
    send: Send,
    lines: Lines,
    connection: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    samples: dict[str, bytes],
) -> None:
    classify, errors = Classifier.classify, [ModelUnavailable("away")]

    def classify_later(self: Classifier, picture: bytes) -> object:
        if errors:
            raise errors.pop()
        return classify(self, picture)

    monkeypatch.setattr(Classifier, "classify", classify_later)
    job_id = send(samples["1-digit-3"])
    work()
    (line,) = lines()
    assert " attempt=2 " in line.getMessage()
    assert re.search(r"queue_ms=\d+ retry_ms=\d+ fetch_ms=", line.getMessage())
    noted = meta(connection, job_id)
    assert noted["started"] < noted["retried"]  # type: ignore[operator]  # both are times


def test_what_nobody_was_told_is_a_warning(
    work: Callable[[], None],
    send: Send,
    lines: Lines,
    monkeypatch: pytest.MonkeyPatch,
    jpeg: bytes,
) -> None:
    def refuse(*_: object) -> None:
        raise WeChatRefused(43004, "the follower has left")

    monkeypatch.setattr("worker.wechat.WeChat.send_text", refuse)
    send(jpeg)
    work()
    (line,) = lines()
    assert line.levelno == logging.WARNING
    assert "outcome=dropped" in line.getMessage()
    assert "reason=WeChat refused with errcode 43004: the follower has left" in line.getMessage()


def test_damaged_job_has_a_line_without_a_follower(
    services: Services, connection: redis.Redis, lines: Lines
) -> None:
    queue = picture_queue(connection)
    job = Job.create(
        "worker.job.answer", kwargs={}, connection=connection, serializer=JSONSerializer
    )
    job.save()
    queue.failed_job_registry.add(job, 60)
    Reconciler(queue, services).run()
    (line,) = lines()
    assert (
        "outcome=dropped model=- attempt=3 follower=- ms=0 send_ms=0 reason=" in line.getMessage()
    )


def test_steps_of_a_message_fill_its_time(
    work: Callable[[], None], send: Send, connection: redis.Redis, samples: dict[str, bytes]
) -> None:
    job_id = send(samples["1-digit-3"])
    work()
    noted = meta(connection, job_id)
    assert set(STEPS) - set(noted) == {"retried"}
    received, sent = noted["received"], noted["sent"]
    assert isinstance(received, float)
    assert isinstance(sent, float)
    assert sum(durations(received, noted).values()) == pytest.approx(sent - received)


def test_no_line_names_the_follower(
    work: Callable[[], None], send: Send, lines: Lines, services: Services, jpeg: bytes
) -> None:
    send(jpeg)
    work()
    assert isinstance(services.followers, Followers)
    assert not [line for line in lines() if OPENID in line.getMessage()]


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
