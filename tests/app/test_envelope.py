"""app.envelope"""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.crypto import sign
from app.envelope import BadEnvelope, Envelope, Opened
from app.notation import Unusable
from contract.settings import Settings
from simulator.courier import BadAnswer
from simulator.notation import JSON, XML, Notation
from tests.app.conftest import ACCOUNT, OPENID, Push, courier
from tests.app.forge import inside
from tests.conftest import TOKEN, make_settings

PLAIN = {"wechat_mode": "plain", "wechat_aes_key": None}
MODES = pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
BOTH = pytest.mark.parametrize("notation", [XML, JSON], ids=["xml", "json"])
OTHER_KEY = "ABCDEFGhijklmnopqrstuvwxyz0123456789abcdefg"


def envelope(settings: Settings, ahead: float = 0.0) -> Envelope:
    return Envelope(settings, lambda: time.time() + ahead)


def reply(ours: Envelope, opened: Opened, text: str = "看见了") -> str:
    return ours.seal(opened, {"Content": text}).decode()


@MODES
@BOTH
def test_push_is_opened_in_each_mode(mode: str, notation: Notation, push: Push) -> None:
    settings = make_settings(wechat_mode=mode)
    query, body = courier(settings, notation).seal(push())
    ours = envelope(settings)
    ours.check(query)
    opened = ours.open(query, body)
    assert opened.message.media_id == "media-1"
    assert (opened.seal is None) == (mode == "plain")


@MODES
@BOTH
def test_reply_is_sealed_as_the_push_was(mode: str, notation: Notation, push: Push) -> None:
    settings = make_settings(wechat_mode=mode)
    theirs, ours = courier(settings, notation), envelope(settings)
    answer = reply(ours, ours.open(*theirs.seal(push())))
    assert theirs.open(answer)["Content"] == "看见了"
    assert ("看见了" in answer) == (mode == "plain")


@given(st.text(st.characters(codec="utf-8", categories=["L", "M", "N", "P", "S", "Z"])))
def test_any_text_comes_and_goes_as_it_is(text: str) -> None:
    settings = make_settings()
    theirs, ours = courier(settings), envelope(settings)
    fields = {"ToUserName": ACCOUNT, "FromUserName": OPENID, "CreateTime": "1", "MsgId": "1"}
    opened = ours.open(*theirs.seal({**fields, "MsgType": "text", "Content": text}))
    assert opened.message.content == text.strip()
    assert (theirs.open(reply(ours, opened, text))["Content"] or "") == text.strip()


def test_pushes_with_either_token_are_opened_and_answered_in_kind(push: Push) -> None:
    ours = envelope(make_settings(wechat_token="the-new-one, the-old-one"))
    for token in ("the-new-one", "the-old-one"):
        theirs = courier(make_settings(wechat_token=token))
        query, body = theirs.seal(push())
        ours.check(query)
        assert theirs.open(reply(ours, ours.open(query, body)))["Content"] == "看见了"


def test_token_that_was_struck_off_is_refused(push: Push) -> None:
    query, body = courier(make_settings(wechat_token="the-old-one")).seal(push())
    ours = envelope(make_settings(wechat_token="the-new-one"))
    with pytest.raises(BadEnvelope, match="wrong signature"):
        ours.check(query)
    with pytest.raises(BadEnvelope, match="wrong msg_signature"):
        ours.open(query, body)


def test_pushes_with_either_key_are_opened_and_answered_in_kind(push: Push) -> None:
    both = make_settings(wechat_previous_aes_key=OTHER_KEY)
    ours, old = envelope(both), courier(make_settings(wechat_aes_key=OTHER_KEY))
    for theirs, other in ((courier(make_settings()), old), (old, courier(make_settings()))):
        answer = reply(ours, ours.open(*theirs.seal(push())))
        assert theirs.open(answer)["Content"] == "看见了"
        with pytest.raises(BadAnswer):
            other.open(answer)


def test_key_that_is_not_ours_is_refused(push: Push) -> None:
    query, body = courier(make_settings(wechat_aes_key=OTHER_KEY)).seal(push())
    with pytest.raises(BadEnvelope, match="cannot be decrypted"):
        envelope(make_settings()).open(query, body)


@BOTH
def test_outside_that_names_another_account_is_refused(notation: Notation, push: Push) -> None:
    query, body = courier(make_settings(), notation).seal(push())
    with pytest.raises(BadEnvelope, match="another account than its inside"):
        envelope(make_settings()).open(query, body.replace(b"gh_0123456789ab", b"gh_ffffffffffff"))


def test_outside_need_not_name_the_account(push: Push) -> None:
    query, body = inside(XML.write(push()))
    assert b"ToUserName" not in body
    assert envelope(make_settings()).open(query, body).message.media_id == "media-1"


def test_secrets_are_not_in_what_was_opened(push: Push) -> None:
    settings = make_settings()
    assert TOKEN not in repr(envelope(settings).open(*courier(settings).seal(push())))


@BOTH
def test_sealed_nonsense_is_useless_but_genuine(notation: Notation, push: Push) -> None:
    query, body = courier(make_settings(), notation).seal(push(MediaId="../etc"))
    with pytest.raises(Unusable):
        envelope(make_settings()).open(query, body)


@pytest.mark.parametrize("body", [b"", b"<xml>", b"[1]", b"\xff", b"<!DOCTYPE x><xml/>"])
def test_body_without_an_envelope_is_refused(body: bytes, push: Push) -> None:
    query, _ = courier(make_settings()).seal(push())
    with pytest.raises(BadEnvelope, match=r"^no envelope around the message$"):
        envelope(make_settings()).open(query, body)


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
    assert opened.seal is None


def test_encrypted_push_is_refused_in_plain_mode(push: Push) -> None:
    query, body = courier(make_settings()).seal(push())
    with pytest.raises(BadEnvelope, match="WECHAT_MODE is plain"):
        envelope(make_settings(wechat_mode="plain")).open(query, body)  # though it has the key


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


def test_push_for_the_one_account_is_opened(push: Push) -> None:
    settings = make_settings(wechat_account=ACCOUNT)
    opened = envelope(settings).open(*courier(settings).seal(push()))
    assert opened.message.account == ACCOUNT


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
