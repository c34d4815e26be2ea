"""Fifteen ways to attack a webhook, over TCP against gunicorn, and the one answer to each.

Wrong before the sender is proved: 403 without a word. Genuine, but of no use: 200, as WeChat would
deliver anything else twice more.
"""

from __future__ import annotations

import base64
import contextlib
import socket
import time
from typing import Any

import pytest
import redis

from app.crypto import MessageCipher
from contract.job import picture_queue
from tests.app.conftest import ACCOUNT, OPENID, Push, courier
from tests.app.door import REFUSED, SUCCESS, Door, status_of
from tests.app.forge import KEY, encrypt, inside, sealed, signed
from tests.conftest import APP_ID, make_settings

BOMB = '<!DOCTYPE l [<!ENTITY a "aaaaaa"><!ENTITY b "&a;&a;&a;">]><xml><A>&b;</A></xml>'
EXTERNAL = "<!DOCTYPE x SYSTEM 'file:///etc/passwd'><xml/>"


@pytest.fixture(autouse=True)
def _empty(connection: redis.Redis) -> None:
    """Begin with an empty Redis."""


@pytest.fixture
def jobs(connection: redis.Redis) -> Any:
    """Return the jobs that there are."""
    return lambda: picture_queue(connection).jobs


# 1 -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "change",
    [
        {"signature": ""},
        {"signature": "0" * 40},
        {"signature": "签名"},
        {"signature": "\x00"},
        {"nonce": "2"},
        {"nonce": ""},
        {"timestamp": "1795393565"},
    ],
)
def test_wrong_signature_is_refused(safe: Door, method: str, change: dict[str, str]) -> None:
    assert safe.ask(signed(echostr="1") | change, b"<xml/>", method) == REFUSED


def test_signature_in_capitals_missing_or_twice_is_refused(safe: Door) -> None:
    query = signed(echostr="1")
    without = {name: value for name, value in query.items() if name != "signature"}
    twice = [*query.items(), ("signature", query["signature"])]
    loud = query | {"signature": query["signature"].upper()}
    assert [safe.ask(each, b"", "GET") for each in ({}, without, twice, loud)] == [REFUSED] * 4


def test_wrong_signature_is_refused_before_the_body_is_there(safe: Door) -> None:
    with safe.raw(signed() | {"signature": "0" * 40}, "Content-Length: 1000\r\n") as stream:
        assert status_of(stream) == 403


# 2 -----------------------------------------------------------------------------------------------
NOW = int(time.time())
TIMES = [NOW - 3600, NOW + 86_400, "9" * 30, "-1", "1e9", "soon", "", "٣"]


@pytest.mark.parametrize(
    "timestamp",
    [pytest.param(str(each), id=f"time {number}") for number, each in enumerate(TIMES)],
)
def test_old_future_or_no_time_is_refused(safe: Door, timestamp: str) -> None:
    assert safe.ask(signed(timestamp, echostr="1"), b"", "GET") == REFUSED


def test_same_nonce_again_is_no_offence_and_no_second_job(
    safe: Door, push: Push, jobs: Any
) -> None:
    query, body = safe.wechat.seal(push())
    assert [safe.ask(query, body) for _ in range(3)] == [SUCCESS] * 3
    assert len(jobs()) == 1


def test_same_query_with_another_body_is_refused(safe: Door, push: Push, jobs: Any) -> None:
    query, _ = safe.wechat.seal(push())
    _, other = safe.wechat.seal(push(MsgId="2"))
    assert safe.ask(query, other) == REFUSED
    assert jobs() == []


# 3 -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("more", [{}, {"encrypt_type": "raw"}, {"msg_signature": "0" * 40}])
def test_plaintext_in_safe_mode_is_refused(
    safe: Door, push: Push, jobs: Any, more: dict[str, str]
) -> None:
    _, body = courier(make_settings(wechat_mode="plain")).seal(push())
    assert safe.ask(signed(**more), body) == REFUSED
    assert jobs() == []


def test_envelope_without_its_signature_is_refused(safe: Door, push: Push, jobs: Any) -> None:
    query, body = safe.wechat.seal(push())
    left = [{**query, "msg_signature": ""}, {**query, "encrypt_type": "raw"}]
    assert [safe.ask(each, body) for each in left] == [REFUSED] * 2
    assert safe.ask([*query.items(), ("msg_signature", "0" * 40)], body) == REFUSED
    assert safe.ask([*query.items(), ("encrypt_type", "raw")], body) == REFUSED
    assert jobs() == []


# 4 -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("body", [BOMB, EXTERNAL, "<a>" * 20_000, '{"a":' * 10_000])
def test_bomb_is_refused_outside_and_harmless_inside(safe: Door, plain: Door, body: str) -> None:
    outside = signed(encrypt_type="aes", msg_signature="0" * 40)
    assert safe.ask(outside, body.encode()) == REFUSED
    assert plain.ask(signed(), body.encode()) == SUCCESS
    assert safe.ask(*inside(body[:40_000])) == SUCCESS


# 5 -----------------------------------------------------------------------------------------------
def test_hundred_megabytes_are_not_waited_for(safe: Door) -> None:
    with safe.raw(signed(), f"Content-Length: {100 * 1024 * 1024}\r\n") as stream:
        assert status_of(stream) == 413


def test_body_that_announces_no_length_is_read_up_to_the_limit(safe: Door) -> None:
    chunk = b"2000\r\n" + b"x" * 0x2000 + b"\r\n"
    with safe.raw(signed(), "Transfer-Encoding: chunked\r\n") as stream:
        # The answer comes after 64 KiB; what is sent after that may meet a closed connection.
        with contextlib.suppress(OSError):
            for _ in range(200):
                stream.sendall(chunk)
        assert status_of(stream) == 413


@pytest.mark.parametrize(
    ("headers", "body"),
    [("Content-Length: 1000\r\n", b"<xml>"), ("Transfer-Encoding: chunked\r\n", b"zz\r\n<xml>")],
)
def test_part_of_a_body_is_refused(safe: Door, headers: str, body: bytes) -> None:
    with safe.raw(signed(), headers, body) as stream:
        stream.shutdown(socket.SHUT_WR)
        assert status_of(stream) == 403


def test_slow_senders_do_not_stop_the_others(safe: Door, push: Push) -> None:
    # One fewer than a process has threads; nginx keeps them all away.
    with contextlib.ExitStack() as slow:
        for _ in range(7):
            slow.enter_context(safe.raw(signed(), "Content-Length: 1000\r\n", b"<"))
        assert safe.deliver(push()) == SUCCESS


# 6 -----------------------------------------------------------------------------------------------
def test_push_for_another_app_is_refused(safe: Door, push: Push, jobs: Any) -> None:
    other = courier(make_settings(wechat_app_id="wxffffffffffffffff"))
    assert safe.ask(*other.seal(push())) == REFUSED
    assert jobs() == []


def test_push_for_another_account_is_refused(safe: Door, push: Push, jobs: Any) -> None:
    assert safe.deliver(push(ToUserName="gh_ffffffffffff")) == REFUSED
    query, body = safe.wechat.seal(push())
    assert safe.ask(query, body.replace(ACCOUNT.encode(), b"gh_ffffffffffff")) == REFUSED
    assert jobs() == []


# 7 -----------------------------------------------------------------------------------------------
INSIDE = b"r" * 16 + b"\0\0\0\5" + b"<xml>" + APP_ID.encode()  # 43 bytes
DAMAGED = {
    "cut off": encrypt(INSIDE + bytes([21]) * 21)[:-3],
    "17 bytes": base64.b64encode(b"x" * 17).decode(),
    "padding 0": encrypt(INSIDE + b"\0" * 21),
    "padding 33": encrypt(INSIDE + bytes([33]) * 21 + bytes([33]) * 32),
    "padding 200": encrypt(INSIDE + bytes([200]) * 21),
    "padding of other bytes": encrypt(INSIDE + b"A" * 20 + bytes([21])),
    "length": encrypt(INSIDE[:16] + b"\xff" * 4 + INSIDE[20:] + bytes([21]) * 21),
    "other app": MessageCipher(KEY, "wxother").encrypt(b"<xml/>"),
    "other key": MessageCipher(KEY[::-1], APP_ID).encrypt(b"<xml/>"),
    "nothing": "",
}


def test_nothing_tells_why_a_message_was_refused(safe: Door) -> None:
    stranger = safe.answer(signed() | {"signature": "0" * 40}, b"<xml/>")
    assert (stranger.status, stranger.body) == REFUSED
    answers = {name: safe.answer(*sealed(text)) for name, text in DAMAGED.items()}
    assert {name: answer for name, answer in answers.items() if answer != stranger} == {}


# 8 -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "body",
    [
        "",
        "<xml/>",
        "{}",
        "[1]",
        "hello",
        '{"MsgId": {"a": 1}}',
        "<xml><MsgType>text</MsgType><MsgType>image</MsgType></xml>",
        "<xml><ToUserName><ToUserName>gh_0123456789ab</ToUserName></ToUserName></xml>",
    ],
)
def test_genuine_nonsense_is_taken_in_silence(safe: Door, jobs: Any, body: str) -> None:
    assert safe.ask(*inside(body)) == SUCCESS
    assert jobs() == []


@pytest.mark.parametrize(
    "change",
    [
        {"FromUserName": ""},
        {"FromUserName": "o" * 3000},
        {"MsgType": ""},
        {"MsgId": "abc"},
        {"CreateTime": "1" + "0" * 20},
        {"MediaId": "../../etc/x"},
    ],
)
def test_genuine_but_malformed_is_taken_in_silence(
    safe: Door, push: Push, jobs: Any, change: dict[str, str]
) -> None:
    assert safe.deliver(push(**change)) == SUCCESS
    assert jobs() == []


# 9 -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "kind", [{"MsgType": "hologram"}, {"MsgType": "event", "Event": "teleported"}]
)
def test_kind_that_nobody_knows_is_taken_in_silence(
    safe: Door, push: Push, jobs: Any, kind: dict[str, str]
) -> None:
    assert safe.deliver(push(**kind)) == SUCCESS
    assert jobs() == []


# 10: test_storm.py. 11 ----------------------------------------------------------------------------
BODIES = {
    "GBK": "<xml>你好</xml>".encode("gbk"),
    "no UTF-8": b"<xml>\xff</xml>",
    "NUL": b"<xml>\0</xml>",
    "half an emoji": b"<xml>\xed\xa0\x80</xml>",
    "UTF-16": "<xml/>".encode("utf-16"),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_other_encodings_are_refused_outside_and_harmless_inside(safe: Door, body: bytes) -> None:
    assert safe.ask(signed(encrypt_type="aes", msg_signature="0" * 40), body) == REFUSED
    assert safe.ask(*inside(body)) == SUCCESS


def test_byte_order_mark_is_no_obstacle(plain: Door, push: Push, jobs: Any) -> None:
    query, body = plain.wechat.seal(push())
    assert plain.ask(query, b"\xef\xbb\xbf" + body) == SUCCESS
    assert len(jobs()) == 1


# 12 ----------------------------------------------------------------------------------------------
def test_nobody_is_asked_for_a_picture_at_the_door(safe: Door, push: Push, jobs: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        assert safe.deliver(push(PicUrl=url)) == SUCCESS
        assert safe.deliver(push(PicUrl="file:///etc/passwd", MsgId="2")) == SUCCESS
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert {job.kwargs["picture_url"] for job in jobs()} == {url, ""}


# 13 ----------------------------------------------------------------------------------------------
def test_text_with_markup_is_a_text(safe: Door, push: Push) -> None:
    content = "a]]></Content><MsgType>x <a href='https://example.com/'>tap</a>"
    status, body = safe.deliver(push(MsgType="text", Content=content))
    reply = safe.wechat.open(body.decode())
    assert (status, reply["MsgType"]) == (200, "text")
    assert "example.com" not in reply["Content"]


# 14 ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused(safe: Door, method: str) -> None:
    assert safe.ask(signed(echostr="1"), b"", method) == (405, b"")


def test_nothing_to_echo_is_refused(safe: Door) -> None:
    assert safe.ask(signed(), b"", "GET") == REFUSED


def test_echo_is_plain_text_whatever_it_says(safe: Door) -> None:
    answer = safe.answer(signed(echostr="<script>1</script>"), b"", "GET")
    assert (answer.status, answer.body) == (200, b"<script>1</script>")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_what_is_no_http_is_refused_and_its_query_is_in_no_log(safe: Door) -> None:
    query = f"signature=5ec7e7&openid={OPENID}"
    with socket.create_connection(("127.0.0.1", safe.port), timeout=10) as stream:
        stream.sendall(f"GET /wechat?{query}\r\nHost: a\r\n\r\n".encode())
        assert status_of(stream) == 400
    assert "Invalid HTTP request line" in safe.log()
    assert [each for each in ("5ec7e7", OPENID) if each in safe.log()] == []


# 15: test_storm.py.
