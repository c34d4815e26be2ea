"""app.envelope"""

from __future__ import annotations

import time

import pytest

from app.crypto import sign
from app.envelope import BadEnvelope, Envelope
from contract.settings import Settings
from tests.app.conftest import Push, courier
from tests.conftest import TOKEN, make_settings

PLAIN = {"wechat_mode": "plain", "wechat_aes_key": None}


def envelope(settings: Settings, ahead: float = 0.0) -> Envelope:
    return Envelope(settings, lambda: time.time() + ahead)


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_push_is_opened_in_each_mode(mode: str, push: Push) -> None:
    settings = make_settings(wechat_mode=mode)
    query, body = courier(settings).seal(push())
    ours = envelope(settings)
    ours.check(query)
    opened = ours.open(query, body)
    assert opened.message.media_id == "media-1"
    assert opened.sealed == (mode != "plain")


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_reply_is_sealed_as_the_push_was(mode: str, push: Push) -> None:
    settings = make_settings(wechat_mode=mode)
    theirs, ours = courier(settings), envelope(settings)
    opened = ours.open(*theirs.seal(push()))
    reply = ours.seal(opened, "<xml><Content>看见了</Content></xml>".encode()).decode()
    assert theirs.open(reply)["Content"] == "看见了"
    assert ("看见了" in reply) == (mode == "plain")


def test_compatible_mode_believes_only_what_is_encrypted(push: Push) -> None:
    settings = make_settings(wechat_mode="compatible")
    query, body = courier(settings).seal(push())
    forged = body.replace(b"media-1", b"media-2")
    assert forged != body
    assert envelope(settings).open(query, forged).message.media_id == "media-1"


def test_plaintext_is_refused_in_safe_mode(push: Push) -> None:
    query, body = courier(make_settings(**PLAIN)).seal(push())
    ours = envelope(make_settings())
    ours.check(query)  # the query is signed; the body is anybody's
    with pytest.raises(BadEnvelope, match="plaintext in safe mode"):
        ours.open(query, body)


def test_plaintext_passes_in_compatible_mode(push: Push) -> None:
    query, body = courier(make_settings(**PLAIN)).seal(push())
    opened = envelope(make_settings(wechat_mode="compatible")).open(query, body)
    assert not opened.sealed


def test_encrypted_push_is_refused_in_plain_mode(push: Push) -> None:
    query, body = courier(make_settings()).seal(push())
    with pytest.raises(BadEnvelope, match="WECHAT_MODE is plain"):
        envelope(make_settings(**PLAIN)).open(query, body)


def test_body_of_another_query_is_refused(push: Push) -> None:
    theirs = courier(make_settings())
    query, _ = theirs.seal(push())
    _, other_body = theirs.seal(push(MsgId="1"))
    with pytest.raises(BadEnvelope, match="wrong msg_signature"):
        envelope(make_settings()).open(query, other_body)


def test_missing_msg_signature_is_refused(push: Push) -> None:
    query, body = courier(make_settings()).seal(push())
    del query["msg_signature"]
    with pytest.raises(BadEnvelope, match="wrong msg_signature"):
        envelope(make_settings()).open(query, body)


def test_push_for_another_app_is_refused(push: Push) -> None:
    query, body = courier(make_settings(wechat_app_id="wxffffffffffffffff")).seal(push())
    with pytest.raises(BadEnvelope, match="cannot be decrypted"):
        envelope(make_settings()).open(query, body)


def test_push_for_another_account_is_refused(push: Push) -> None:
    settings = make_settings(wechat_account="gh_0123456789ab")
    query, body = courier(settings).seal(push(ToUserName="gh_ffffffffffff"))
    with pytest.raises(BadEnvelope, match="another account"):
        envelope(settings).open(query, body)


def test_signature_with_another_token_is_refused() -> None:
    now = str(int(time.time()))
    query = {"signature": sign("wrong", now, "1"), "timestamp": now, "nonce": "1"}
    with pytest.raises(BadEnvelope, match="wrong signature"):
        envelope(make_settings()).check(query)


@pytest.mark.parametrize("name", ["signature", "timestamp", "nonce"])
def test_missing_parameter_is_refused(name: str, push: Push) -> None:
    query, _ = courier(make_settings()).seal(push())
    del query[name]
    with pytest.raises(BadEnvelope, match="wrong signature"):
        envelope(make_settings()).check(query)


@pytest.mark.parametrize("ahead", [-301, 301])
def test_stale_or_future_time_is_refused(ahead: float, push: Push) -> None:
    query, _ = courier(make_settings()).seal(push())
    with pytest.raises(BadEnvelope, match="outside the window"):
        envelope(make_settings(), ahead).check(query)


@pytest.mark.parametrize("ahead", [-290, 290])
def test_clock_that_is_a_little_off_is_no_obstacle(ahead: float, push: Push) -> None:
    query, _ = courier(make_settings()).seal(push())
    envelope(make_settings(), ahead).check(query)


@pytest.mark.parametrize("timestamp", ["", "soon", "-1", "1e9", "9" * 30, "１７９５３９３５６５"])
def test_timestamp_that_is_no_number_is_refused(timestamp: str) -> None:
    query = {"signature": sign(TOKEN, timestamp, "1"), "timestamp": timestamp, "nonce": "1"}
    with pytest.raises(BadEnvelope, match="not a number"):
        envelope(make_settings()).check(query)
