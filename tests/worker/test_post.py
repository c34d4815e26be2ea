"""worker.post: how a reply goes out, to the simulator's WeChat and into the mailbox."""

from __future__ import annotations

import dataclasses
import time

import pytest
import redis

from contract.choices import Offer, Offers
from contract.hold import Holds
from contract.job import ImageJob
from contract.outcome import Outcome
from contract.quota import MESSAGE
from contract.settings import Settings
from labels import phrase
from simulator.errors import ApiError
from simulator.followers import MESSAGE_ALLOWS, Follower
from tests.conftest import WeChatServer, make_settings
from tests.worker.conftest import OPENID
from worker.errors import WeChatClosed, WeChatParked
from worker.post import Held, Post, Reply
from worker.services import Services

NEXT = ("图里有几个圆形？", "是什么颜色？")
SURE = Reply(text="这是数字 3", outcome=Outcome.SENT, model="demo", label="3", questions=NEXT)
MENU = [phrase("zh", "right"), phrase("zh", "wrong"), *NEXT]


@pytest.fixture
def message(wechat_server: WeChatServer) -> ImageJob:
    account = wechat_server.account
    account.followers[OPENID] = Follower(openid=OPENID)
    account.followers[OPENID].allow(MESSAGE_ALLOWS, account.clock.now())
    return ImageJob(
        follower=OPENID, message_id="1", created=1, received=time.time(), language="zh",
        media_id="m",
    )  # fmt: skip


@pytest.fixture
def post(services: Services) -> Post:
    return services.post


def by(post: Post, **changes: object) -> Post:
    """Return the same post with other settings."""
    settings = make_settings(**{"vqa_model": "vqa", **changes})
    return dataclasses.replace(post, settings=settings)


def menus(wechat_server: WeChatServer) -> list[list[str]]:
    events = wechat_server.account.transcript.since(0)
    return [[line["content"] for line in e["lines"]] for e in events if e["kind"] == "menu"]


def offered(connection: redis.Redis, post: Post) -> Offer | None:
    with connection.pipeline() as pipeline:
        post.offers.look(pipeline, OPENID)
        return Offers.as_offer(pipeline.execute()[0])


def test_choices_stand_below_the_answer(
    post: Post, message: ImageJob, wechat_server: WeChatServer, connection: redis.Redis
) -> None:
    post.push(message, SURE)
    assert wechat_server.texts() == [SURE.text]
    assert menus(wechat_server) == [MENU]
    offer = offered(connection, post)
    assert offer is not None
    assert (offer.model, offer.label, [each.text for each in offer.choices]) == ("demo", "3", MENU)


@pytest.mark.parametrize(
    ("reply", "settings", "menu"),
    [
        (SURE, {"feedback": False}, MENU[2:]),
        (dataclasses.replace(SURE, questions=()), {}, MENU[:2]),
        (dataclasses.replace(SURE, questions=()), {"feedback": False}, None),
        (dataclasses.replace(SURE, label=""), {}, MENU[2:]),  # nothing was named
        (Reply(text="抱歉", outcome=Outcome.APOLOGISED), {}, None),
    ],
)
def test_nothing_is_offered_that_makes_no_sense(
    post: Post,
    message: ImageJob,
    wechat_server: WeChatServer,
    reply: Reply,
    settings: dict[str, object],
    menu: list[str] | None,
) -> None:
    by(post, **settings).push(message, reply)
    assert menus(wechat_server) == ([menu] if menu else [])


def test_long_answer_is_begun_and_goes_on_with_the_next_message(
    post: Post, message: ImageJob, wechat_server: WeChatServer
) -> None:
    long = "很长的回答。" * 200
    post.push(message, dataclasses.replace(SURE, text=long))
    told = wechat_server.texts()
    while more := post.mailbox.take(OPENID, f"next-{len(told)}"):
        told.append(more)
    assert len(told) == 3
    assert "".join(told) == long


def test_no_more_is_pushed_than_wechat_allows(
    post: Post, message: ImageJob, wechat_server: WeChatServer, connection: redis.Redis
) -> None:
    with connection.pipeline() as pipeline:
        post.quota.allow(pipeline, OPENID, MESSAGE)
        pipeline.execute()
    for _ in range(5):
        post.push(message, SURE)
    asked = len(wechat_server.requests)
    with pytest.raises(WeChatParked, match="own count"):
        post.push(message, SURE)
    assert len(wechat_server.requests) == asked


def test_what_wechat_says_of_the_quota_is_remembered(
    post: Post,
    message: ImageJob,
    wechat_server: WeChatServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise ApiError(45047)

    monkeypatch.setattr(wechat_server.account, "receive_text", refuse)
    with pytest.raises(WeChatParked, match="45047"):
        post.push(message, SURE)
    with pytest.raises(WeChatParked, match="own count"):
        post.push(message, SURE)


def test_passive_account_pushes_nothing_and_needs_no_token(
    post: Post, wechat_server: WeChatServer
) -> None:
    assert isinstance(by(post, wechat_reply="passive").closed(), WeChatClosed)
    assert wechat_server.requests == []


def test_mailbox_of_a_passive_account_numbers_the_choices(post: Post, message: ImageJob) -> None:
    passive = by(post, wechat_reply="passive")
    passive.park(message, SURE)
    assert passive.holds.wait(message.id, 0.1)
    numbered = [f"{number} {text}" for number, text in enumerate(MENU, 1)]
    lines = [SURE.text, "", phrase("zh", "choose"), *numbered]
    assert passive.mailbox.take(OPENID, "1") == "\n".join(lines)


def test_hybrid_reply_goes_to_the_request_that_waits_or_is_pushed(
    post: Post, message: ImageJob, wechat_server: WeChatServer, connection: redis.Redis
) -> None:
    hybrid = by(post, wechat_reply="hybrid")
    with connection.pipeline() as pipeline:
        Holds(connection).offer(pipeline, message.id)
        pipeline.execute()
    with pytest.raises(Held):
        hybrid.push(message, SURE)
    assert wechat_server.texts() == []
    hybrid.push(message, SURE)
    assert wechat_server.texts() == [SURE.text]


def test_nothing_is_kept_of_a_follower_who_left_meanwhile(
    post: Post, message: ImageJob, settings: Settings, connection: redis.Redis
) -> None:
    post.followers.forget(OPENID)
    post.quota.exhaust(OPENID)
    by(post, wechat_reply="passive").park(message, SURE)
    kept = {key.split(b":")[1] for key in connection.scan_iter("kantu:*")}
    assert kept <= {b"left", b"hold"}
