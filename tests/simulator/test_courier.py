"""simulator.courier: five seconds, three tries, and the outage notice."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import flask
import pytest
import werkzeug.serving

from launch.supervisor import free_port
from simulator import courier as module
from simulator.account import Account
from simulator.courier import Courier
from simulator.notation import JSON, XML, Notation
from simulator.phone import Phone
from tests.conftest import APP_ID, APP_SECRET, make_settings, until

PLAIN = make_settings(wechat_mode="plain", wechat_aes_key=None)
Answer = Callable[[], Any]


class Webhook:
    """A webhook that answers as a test tells it to."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.bodies: list[bytes] = []
        app = flask.Flask("webhook")
        app.add_url_rule("/wechat", view_func=self._receive, methods=["POST"])
        self.server = werkzeug.serving.make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def _receive(self) -> Any:
        self.bodies.append(flask.request.get_data())
        return self.answers.pop(0)() if self.answers else "success"


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    webhook = Webhook()
    yield webhook
    webhook.server.shutdown()
    webhook.server.server_close()


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setattr(module, "PATIENCE", 0.3)
    return Account(APP_ID, APP_SECRET)


def send(
    account: Account, port: int, text: str = "hello", copies: int = 1, notation: Notation = XML
) -> None:
    courier = Courier(account, PLAIN, f"http://127.0.0.1:{port}/wechat", notation)
    phone = Phone(account, courier, "http://127.0.0.1:1")
    openid = phone.follow()
    until(lambda: events(account, "delivery", "outage"))
    phone.send_text(openid, text, copies=copies)


def events(account: Account, *kinds: str) -> list[dict[str, Any]]:
    return [event for event in account.transcript.since(0) if event["kind"] in kinds]


def reply(account: Account, content: str, to: str | None = None) -> Answer:
    def make() -> str:
        follower = to or next(iter(account.followers))
        return (
            f"<xml><ToUserName>{follower}</ToUserName><MsgType>text</MsgType>"
            f"<Content><![CDATA[{content}]]></Content></xml>"
        )

    return make


def drip(text: str) -> Iterator[str]:
    """Give a letter now and then: each comes in time, and all of them much too late."""
    for letter in text:
        threading.Event().wait(0.2)
        yield letter


def test_passive_reply_is_shown(account: Account, webhook: Webhook) -> None:
    webhook.answers = [lambda: "success", reply(account, "你好")]
    send(account, webhook.server.port)
    until(lambda: events(account, "answer"))
    assert events(account, "answer")[0]["text"] == "你好"
    assert events(account, "answer")[0]["way"] == "passive"


def test_account_may_speak_json(account: Account, webhook: Webhook) -> None:
    def answer() -> str:
        return json.dumps({"ToUserName": next(iter(account.followers)), "Content": "你好"})

    webhook.answers = [lambda: "success", answer]
    send(account, webhook.server.port, notation=JSON)
    until(lambda: events(account, "answer"))
    assert events(account, "answer")[0]["text"] == "你好"
    assert json.loads(webhook.bodies[1])["Content"] == "hello"


def test_menu_and_its_events_are_pushed(account: Account, webhook: Webhook) -> None:
    from app.message import parse

    phone = Phone(
        account,
        Courier(account, PLAIN, f"http://127.0.0.1:{webhook.server.port}/wechat"),
        "http://127.0.0.1:1",
    )
    openid = phone.follow()
    until(lambda: len(webhook.bodies) == 1)
    phone.cause(openid, "pic_weixin")
    until(lambda: len(webhook.bodies) == 2)
    phone.tap(openid, "满意", "101")
    until(lambda: len(webhook.bodies) == 3)
    assert [parse(body).kind for body in webhook.bodies[1:]] == ["event:pic_weixin", "text"]
    assert parse(webhook.bodies[2]).menu_id == "101"


def test_same_msgid_is_tried_again_after_a_failure(account: Account, webhook: Webhook) -> None:
    webhook.answers = [lambda: "success", lambda: ("", 500)]
    send(account, webhook.server.port)
    until(lambda: len(webhook.bodies) == 3)
    assert webhook.bodies[1] == webhook.bodies[2]
    assert events(account, "outage") == []


def test_answer_that_drips_past_the_limit_is_none(account: Account, webhook: Webhook) -> None:
    webhook.answers = [lambda: "success", lambda: drip("success")]
    send(account, webhook.server.port)
    until(lambda: 0 in [each["status"] for each in events(account, "delivery")])


def test_redirect_is_not_followed(account: Account, webhook: Webhook) -> None:
    webhook.answers = [lambda: "success", lambda: flask.redirect("/wechat", 307)]
    send(account, webhook.server.port)
    until(lambda: len(events(account, "delivery")) == 3)
    assert [event["status"] for event in events(account, "delivery")] == [200, 307, 200]


def test_third_failure_shows_the_outage_notice(account: Account) -> None:
    send(account, free_port())
    until(lambda: len(events(account, "outage")) == 2)  # the follow, and the text
    tries = [event["attempt"] for event in events(account, "delivery") if event["message"]]
    assert tries == [1, 2, 3]


@pytest.mark.parametrize("body", ["<html>", "{}", "<xml><Content/></xml>"])
def test_answer_that_is_none_shows_the_outage_notice(
    account: Account, webhook: Webhook, body: str
) -> None:
    webhook.answers = [lambda: "success", lambda: body]
    send(account, webhook.server.port)
    until(lambda: events(account, "outage"))
    assert len(webhook.bodies) == 2


def test_reply_to_somebody_else_shows_the_outage_notice(account: Account, webhook: Webhook) -> None:
    webhook.answers = [lambda: "success", reply(account, "hello", to="o" + "Z" * 27)]
    send(account, webhook.server.port)
    until(lambda: events(account, "outage"))


def test_copies_are_delivered_at_once(account: Account, webhook: Webhook) -> None:
    send(account, webhook.server.port, copies=3)
    until(lambda: len(webhook.bodies) == 4)
    assert len(set(webhook.bodies[1:])) == 1


def test_text_cannot_break_out_of_its_element(account: Account, webhook: Webhook) -> None:
    from app.message import parse

    send(account, webhook.server.port, text="a]]></Content><MsgType>x")
    until(lambda: len(webhook.bodies) == 2)
    assert parse(webhook.bodies[1]).content == "a]]></Content><MsgType>x"
