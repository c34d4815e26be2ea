"""Signs and seals what no courier would carry."""

from __future__ import annotations

import base64
import json
import time

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from pydantic import SecretStr

from app.crypto import MessageCipher, sign
from contract.settings import decode_aes_key
from tests.conftest import AES_KEY, APP_ID, TOKEN

KEY = decode_aes_key(SecretStr(AES_KEY))


def signed(timestamp: str | None = None, **more: str) -> dict[str, str]:
    """Return a query with the right signature, by default of this moment."""
    timestamp = str(int(time.time())) if timestamp is None else timestamp
    return {"signature": sign(TOKEN, timestamp, "1"), "timestamp": timestamp, "nonce": "1", **more}


def sealed(encrypted: str) -> tuple[dict[str, str], bytes]:
    """Return query and body around an encrypted text, whatever it is."""
    query = signed(encrypt_type="aes")
    query["msg_signature"] = sign(TOKEN, query["timestamp"], "1", encrypted)
    return query, json.dumps({"Encrypt": encrypted}).encode()


def inside(body: bytes | str) -> tuple[dict[str, str], bytes]:
    """Return query and body around a message, whatever it is."""
    data = body.encode() if isinstance(body, str) else body
    return sealed(MessageCipher(KEY, APP_ID).encrypt(data))


def encrypt(plain: bytes) -> str:
    """Encrypt bytes as they are, padding and all."""
    encryptor = Cipher(AES(KEY), CBC(KEY[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()
