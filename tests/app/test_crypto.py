"""app.crypto, against published vectors and against wechatpy as an independent peer."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from wechatpy.crypto import PrpCrypto

from app.crypto import CannotDecrypt, MessageCipher, sign, signed_by
from contract.settings import decode_aes_key
from tests.app.forge import KEY, encrypt
from tests.conftest import APP_ID

VECTORS = json.loads((Path(__file__).parent / "wechat_vectors.json").read_text("utf-8"))["vectors"]


def of_kind(*kinds: str) -> list[Any]:
    return [pytest.param(v, id=v["id"]) for v in VECTORS if v["kind"] in kinds]


def cipher(vector: dict[str, str]) -> MessageCipher:
    return MessageCipher(decode_aes_key(SecretStr(vector["encoding_aes_key"])), vector["appid"])


def signer(vector: dict[str, str], *tokens: str) -> str | None:
    parts = (vector[name] for name in ("timestamp", "nonce", "encrypt"))
    return signed_by(tokens or [vector["token"]], vector["msg_signature"], *parts)


@pytest.mark.parametrize("vector", of_kind("decrypt"))
def test_published_message_is_decrypted(vector: dict[str, str]) -> None:
    assert signer(vector) == vector["token"]
    assert cipher(vector).decrypt(vector["encrypt"]).decode() == vector["plaintext"]


@pytest.mark.parametrize("vector", of_kind("decrypt", "encrypt_exact"))
def test_published_message_is_encrypted_to_the_bit(vector: dict[str, str]) -> None:
    salt = (
        bytes.fromhex(vector["random16_hex"])
        if "random16_hex" in vector
        else vector["random16"].encode()
    )
    assert cipher(vector).encrypt(vector["plaintext"].encode(), salt) == vector["encrypt"]


@pytest.mark.parametrize("vector", of_kind("signature_must_fail"))
def test_published_wrong_signature_is_refused(vector: dict[str, str]) -> None:
    assert signer(vector) is None


@pytest.mark.parametrize("vector", of_kind("decrypt"))
@pytest.mark.parametrize("others", [("other",), ("other", "another")])
def test_signer_is_found_among_several_tokens(
    vector: dict[str, str], others: tuple[str, ...]
) -> None:
    assert signer(vector, *others, vector["token"]) == vector["token"]
    assert signer(vector, vector["token"], *others) == vector["token"]
    assert signer(vector, *others) is None


@pytest.mark.parametrize("vector", of_kind("decrypt", "encrypt_exact"))
def test_published_message_is_for_its_appid_only(vector: dict[str, str]) -> None:
    other = MessageCipher(decode_aes_key(SecretStr(vector["encoding_aes_key"])), "wxother")
    with pytest.raises(CannotDecrypt):
        other.decrypt(vector["encrypt"])


@pytest.mark.parametrize("vector", of_kind("url_signature"))
def test_published_url_is_signed(vector: dict[str, str]) -> None:
    signature = sign(vector["token"], vector["timestamp"], vector["nonce"])
    assert signature == vector["signature"]


@given(st.text())
def test_wechatpy_reads_what_we_encrypt(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    encrypted = MessageCipher(KEY, APP_ID).encrypt(text.encode())
    assert PrpCrypto(KEY).decrypt(encrypted, APP_ID) == text


@given(st.text())
def test_we_read_what_wechatpy_encrypts(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    encrypted = PrpCrypto(KEY).encrypt(text, APP_ID)
    assert MessageCipher(KEY, APP_ID).decrypt(encrypted.decode()) == text.encode()


def test_message_for_another_app_is_refused() -> None:
    encrypted = MessageCipher(KEY, "wxother").encrypt(b"hello")
    with pytest.raises(CannotDecrypt):
        MessageCipher(KEY, APP_ID).decrypt(encrypted)


INSIDE = b"r" * 16 + struct.pack(">I", 5) + b"hello" + APP_ID.encode()  # 43 bytes


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("AAA", id="no base64"),
        pytest.param("!" * 64, id="no base64 at all"),
        pytest.param("é" * 64, id="not even ASCII"),
        pytest.param(base64.b64encode(b"x" * 17).decode(), id="17 bytes"),
        pytest.param(base64.b64encode(b"x" * 16).decode(), id="half a block"),
        pytest.param(encrypt(INSIDE + b"\0" * 21), id="padding 0"),
        pytest.param(encrypt(INSIDE + bytes([200]) * 21), id="padding 200"),
        pytest.param(encrypt(INSIDE + b"A" * 20 + bytes([21])), id="padding of other bytes"),
        pytest.param(encrypt(INSIDE + b"A" * 20 + bytes([53])), id="padding longer than a block"),
        pytest.param(
            encrypt(INSIDE[:16] + b"\xff" * 4 + INSIDE[20:] + bytes([21]) * 21), id="length"
        ),
        pytest.param(encrypt(bytes([32]) * 32), id="nothing but padding"),
        pytest.param(encrypt(INSIDE + bytes([21]) * 20 + bytes([20])), id="padding one too short"),
        pytest.param(
            encrypt(INSIDE + bytes([20]) + bytes([21]) * 20), id="first byte of the padding"
        ),
        pytest.param(encrypt(INSIDE + bytes([33]) * 21 + bytes([33]) * 32), id="padding 33"),
        pytest.param(
            encrypt(INSIDE[:16] + b"\0\0\0\4" + INSIDE[20:] + bytes([21]) * 21), id="shorter"
        ),
        pytest.param(encrypt(b"r" * 16 + b"\0\0\0\0" + bytes([12]) * 12), id="no AppID"),
    ],
)
def test_damaged_message_is_refused_in_one_way(text: str) -> None:
    with pytest.raises(CannotDecrypt) as caught:
        MessageCipher(KEY, APP_ID).decrypt(text)
    assert str(caught.value) == ""


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    with pytest.raises(CannotDecrypt):
        MessageCipher(KEY, APP_ID).decrypt(base64.b64encode(data).decode())


def test_signature_in_capitals_is_refused() -> None:
    assert signed_by(["a"], sign("a", "b", "c"), "b", "c") == "a"
    assert signed_by(["a"], sign("a", "b", "c").upper(), "b", "c") is None
