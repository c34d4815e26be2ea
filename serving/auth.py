"""Basic authentication, for REST and gRPC: who may ask, by a file of user:password lines."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from pathlib import Path

from serving.errors import Unauthenticated
from serving.flags import Flags

CHALLENGE = 'Basic realm="models", charset="UTF-8"'
_WORDS = "Need basic auth to request the resources"  # Simple TensorFlow Serving's


class AuthError(Exception):
    """The file of passwords is not usable; the text says where and why, and no password."""


class Passwords:
    """The users and their passwords, kept as keyed hashes of equal length."""

    def __init__(self, pairs: list[bytes]) -> None:
        """Take pairs of b"user:password"."""
        self._key = secrets.token_bytes(32)
        self._hashes = [self._hash(pair) for pair in pairs]

    def _hash(self, pair: bytes) -> bytes:
        return hmac.digest(self._key, pair, hashlib.sha256)

    def check(self, header: str) -> None:
        """Raise Unauthenticated unless the Authorization header has one of the pairs.

        All are compared, and each in full: how long it takes says nothing of which was near.
        """
        scheme, _, text = header.partition(" ")
        found = self._hash(_decode(text.strip()) if scheme.lower() == "basic" else b"")
        if sum(hmac.compare_digest(found, each) for each in self._hashes) == 0:
            raise Unauthenticated(_WORDS)


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def passwords_of(flags: Flags) -> Passwords | None:
    """Return who may ask, None where nothing says so and anybody may; raise AuthError."""
    found = pairs_of(flags)
    return Passwords(found) if found else None


def pairs_of(flags: Flags) -> list[bytes]:
    """Return b"user:password" of whoever may ask, empty where anybody may; raise AuthError."""
    found = [] if flags.basic_auth_file is None else _read_pairs(flags.basic_auth_file)
    if flags.enable_auth:
        found.append(f"{flags.auth_username}:{flags.auth_password}".encode())
    return found


def _read_pairs(path: Path) -> list[bytes]:
    """Return the lines of the file that are user:password; raise AuthError."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise AuthError(f"{path}: cannot be read: {error.strerror}") from None
    pairs = [line for line in lines if line.strip() and not line.startswith(b"#")]
    wrong = [number for number, line in enumerate(lines, 1) if line in pairs and not _is_pair(line)]
    if wrong or not pairs:
        place = f"{path}:{wrong[0]}" if wrong else f"{path}"
        raise AuthError(f"{place}: expected lines of user:password, neither of them empty")
    return pairs


def _is_pair(line: bytes) -> bool:
    user, _, password = line.partition(b":")
    return bool(user and password)
