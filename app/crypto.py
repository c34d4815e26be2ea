"""WeChat's message encryption: AES-256-CBC over random(16) | length(4) | message | AppID.

The key is the base64 of EncodingAESKey, the IV its first half, the padding PKCS#7 to blocks of 32.
Source: "Message encryption and decryption" in WeChat's documentation of the push service.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import struct
from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

_BLOCK = 32  # bytes; WeChat pads to this, not to AES' own 16


class CannotDecrypt(Exception):
    """The text was not encrypted with this key for this AppID; never says which part was wrong."""


def sign(*parts: str) -> str:
    """Return WeChat's signature of token, timestamp, nonce and perhaps an encrypted text."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324  # the protocol's


def signed_by(tokens: Sequence[str], signature: str, *parts: str) -> str | None:
    """Return which of the tokens signed parts, None for none; in a time that tells neither."""
    signer = None
    for token in tokens:
        if hmac.compare_digest(sign(token, *parts).encode(), signature.encode()):
            signer = token
    return signer


class MessageCipher:
    """Encrypts and decrypts for one account."""

    def __init__(self, key: bytes, app_id: str) -> None:
        self._cipher = Cipher(AES(key), CBC(key[:16]))
        self._app_id = app_id.encode()

    def decrypt(self, text: str) -> bytes:
        """Return the message inside; raise CannotDecrypt, after the same work for each reason."""
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise CannotDecrypt from None
        if not data or len(data) % _BLOCK:
            raise CannotDecrypt
        decryptor = self._cipher.decryptor()
        padded = decryptor.update(data) + decryptor.finalize()
        plain = padded[: -padded[-1]]
        padding_is_right = hmac.compare_digest(padded, _pad(plain))
        length = int.from_bytes(plain[16:20], "big")
        message, app_id = plain[20 : 20 + length], plain[20 + length :]
        # A length that is wrong leaves another AppID, or none.
        if not hmac.compare_digest(app_id, self._app_id) & padding_is_right:
            raise CannotDecrypt
        return message

    def encrypt(self, message: bytes, salt: bytes | None = None) -> str:
        """Return the message encrypted; salt (16 bytes) is given only to repeat a known case."""
        salt = salt or secrets.token_bytes(16)
        plain = salt + struct.pack(">I", len(message)) + message + self._app_id
        encryptor = self._cipher.encryptor()
        return base64.b64encode(encryptor.update(_pad(plain)) + encryptor.finalize()).decode()


def _pad(plain: bytes) -> bytes:
    missing = _BLOCK - len(plain) % _BLOCK
    return plain + bytes([missing]) * missing
