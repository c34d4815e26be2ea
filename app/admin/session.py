"""Who may see the admin pages: whoever knew the password within the last twelve hours.

A cookie, signed with a key out of the password: it needs no Redis, so that the page that says that
Redis is away can be read; and whoever changes the password ends all sessions.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from itsdangerous import BadSignature, TimestampSigner

COOKIE = "kantu_admin"
LONGEST = 12 * 3600  # seconds
_SCRYPT = {"n": 2**14, "r": 8, "p": 1}  # 16 MB and 50 ms, once at start


class Sessions:
    """Opens sessions and knows those that are open."""

    def __init__(self, password: str, salt: str) -> None:
        """Take the password; salt is a secret, too: a stolen cookie alone gives nothing to try."""
        self._password = _digest(password)
        key = hashlib.scrypt(password.encode(), salt=salt.encode(), **_SCRYPT)
        self._signer = TimestampSigner(key, salt="kantu admin", digest_method=hashlib.sha256)

    def is_password(self, given: str) -> bool:
        """Return whether it is the password, in a time that tells nothing of it."""
        return hmac.compare_digest(_digest(given), self._password)

    def open(self) -> str:
        """Return the cookie of a new session."""
        return self._signer.sign(secrets.token_hex(8)).decode()

    def is_open(self, cookie: str) -> bool:
        """Return whether it is a cookie of ours that is not too old."""
        try:
            self._signer.unsign(cookie, max_age=LONGEST)
        except BadSignature:
            return False
        return True


def _digest(password: str) -> bytes:
    return hashlib.sha256(password.encode("utf-8", "replace")).digest()
