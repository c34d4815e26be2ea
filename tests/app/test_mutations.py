"""Any bytes, and any change to a genuine message, over TCP: no 5xx, no traceback, no forged job."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.crypto import MessageCipher
from contract.job import picture_queue
from simulator.notation import JSON, XML
from tests.app.conftest import ACCOUNT, OPENID, courier
from tests.app.door import Door
from tests.app.forge import KEY, inside, sealed, signed
from tests.conftest import APP_ID

PUSH = {
    "ToUserName": ACCOUNT,
    "FromUserName": OPENID,
    "CreateTime": "1795393565",
    "MsgType": "image",
    "PicUrl": "http://mmbiz.qpic.cn/mmbiz_jpg/abc/0",
    "MediaId": "media-1",
    "MsgId": "24000000000000001",
}
GENUINE = [notation.write(PUSH).encode() for notation in (XML, JSON)]
many = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

# One change: put these bytes in place of those from here to there.
change = st.tuples(st.integers(0, 900), st.integers(0, 60), st.binary(max_size=30))
changes = st.lists(change, min_size=1, max_size=4)


def changed(data: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    for start, length, new in changes:
        at = start % (len(data) + 1)
        data = data[:at] + new + data[at + length :]
    return data


@pytest.fixture
def jobs(connection: redis.Redis) -> Any:
    """Count jobs, and delete them."""

    def count() -> int:
        number = picture_queue(connection).count
        connection.flushdb()
        return number

    return count


texts = st.text(max_size=20)
queries = st.dictionaries(
    st.sampled_from(
        ["signature", "timestamp", "nonce", "encrypt_type", "msg_signature", "echostr"]
    ),
    texts,
)


@many
@given(query=queries, body=st.binary(max_size=400), method=st.sampled_from(["GET", "POST"]))
def test_anything_unsigned_is_refused(
    safe: Door, jobs: Any, query: Mapping[str, str], body: bytes, method: str
) -> None:
    assert safe.ask(query, body, method) == (403, b"")
    assert jobs() == 0


@many
@given(body=st.binary(max_size=400) | st.builds(changed, st.sampled_from(GENUINE), changes))
def test_signed_query_carries_nothing_into_safe_mode(safe: Door, jobs: Any, body: bytes) -> None:
    for query in (signed(), signed(encrypt_type="aes", msg_signature="0" * 40)):
        assert safe.ask(query, body) == (403, b"")
    assert jobs() == 0


@many
@given(body=st.binary(max_size=400) | st.builds(changed, st.sampled_from(GENUINE), changes))
def test_signed_body_is_always_answered(plain: Door, jobs: Any, body: bytes) -> None:
    status, _ = plain.ask(signed(), body)
    assert status == 200
    assert jobs() <= 1


@many
@given(body=st.binary(max_size=400) | st.builds(changed, st.sampled_from(GENUINE), changes))
def test_sealed_body_is_answered_or_refused(safe: Door, jobs: Any, body: bytes) -> None:
    status, answer = safe.ask(*inside(body))
    assert (status, answer) == (403, b"") or status == 200
    assert jobs() <= (status == 200)


@many
@given(notation=st.sampled_from([XML, JSON]), changes=changes)
def test_change_to_the_envelope_lets_nothing_else_in(
    safe: Door, connection: redis.Redis, notation: Any, changes: list[tuple[int, int, bytes]]
) -> None:
    connection.flushdb()
    query, body = courier(safe.settings, notation).seal(PUSH)
    status, _ = safe.ask(query, changed(body, changes))
    assert status in {200, 403}
    # Whatever passes is the message that was signed.
    assert {job.kwargs["media_id"] for job in picture_queue(connection).jobs} <= {"media-1"}


@many
@given(name=st.sampled_from(["signature", "timestamp", "nonce", "msg_signature"]), text=texts)
def test_change_to_the_query_is_refused(safe: Door, jobs: Any, name: str, text: str) -> None:
    query, body = safe.wechat.seal(PUSH)
    assert safe.ask({**query, name: query[name] + text}, body)[0] == (403 if text else 200)
    assert jobs() == (not text)


@many
@given(data=st.binary(max_size=200), place=st.integers(1, 32), bit=st.integers(0, 7))
def test_signed_ciphertext_of_any_kind_is_refused(
    safe: Door, jobs: Any, data: bytes, place: int, bit: int
) -> None:
    genuine = bytearray(base64.b64decode(MessageCipher(KEY, APP_ID).encrypt(GENUINE[0])))
    genuine[-place] ^= 1 << bit  # it spoils the padding, or the AppID before it
    for each in (data, bytes(genuine)):
        assert safe.ask(*sealed(base64.b64encode(each).decode())) == (403, b"")
    assert jobs() == 0
