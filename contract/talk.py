"""What a follower has asked in the last minutes, so that the next question may lean on it.

Sealed with a key that Redis does not have: a copy of Redis tells nobody what was asked.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import json
from typing import Any

import redis
from cryptography.fernet import Fernet, InvalidToken

from contract.follower import Followers, Language
from contract.settings import Settings

TTL = 600  # seconds after the last question
_MOST = 6  # questions with their answers
_LATER_TTL = 300  # seconds for which a question waits for its picture


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A question that was answered."""

    picture: str  # its Snapshot.id
    question: str
    answer: str
    asked: float  # seconds since 1970: when the question's message came


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Early:
    """A question that came before its picture."""

    question: str
    asked: float
    language: Language  # to answer in


class Talks:
    """A short list of exchanges for each follower, and perhaps a question that came early."""

    def __init__(self, settings: Settings, connection: redis.Redis, followers: Followers) -> None:
        self._redis = connection
        self._followers = followers
        token = settings.wechat_tokens[-1].encode()  # as for aliases
        secret = hmac.new(token, b"kantu talk", hashlib.sha256).digest()
        self._seal = Fernet(base64.urlsafe_b64encode(secret))

    def add(self, openid: str, exchange: Exchange) -> None:
        """Remember an exchange."""
        key = self._key(openid)
        with self._redis.pipeline() as pipeline:
            pipeline.rpush(key, self._sealed(exchange))
            pipeline.ltrim(key, -_MOST, -1)
            pipeline.expire(key, TTL)
            pipeline.execute()

    def read(self, openid: str) -> list[Exchange]:
        """Return the last exchanges, the oldest first."""
        found: Any = self._redis.lrange(self._key(openid), 0, -1)
        opened = [self._opened(each) for each in found]
        return [Exchange(**fields) for fields in opened if fields]

    def ask_later(self, openid: str, early: Early) -> None:
        """Keep a question for the picture that will follow, in place of one before."""
        self._redis.set(self._early_key(openid), self._sealed(early), ex=_LATER_TTL)

    def take_early(self, openid: str) -> Early | None:
        """Return the question that came early, once."""
        found: Any = self._redis.getdel(self._early_key(openid))
        fields = self._opened(found) if found else {}
        return Early(**fields) if fields else None

    def forget(self, openid: str) -> None:
        """Delete what a follower has asked."""
        self._redis.delete(self._key(openid), self._early_key(openid))

    def _sealed(self, entry: Exchange | Early) -> bytes:
        return self._seal.encrypt(json.dumps(dataclasses.asdict(entry)).encode())

    def _opened(self, sealed: bytes) -> dict[str, Any]:
        """Return the fields; none where the token was replaced, or by another release."""
        try:
            return dict(json.loads(self._seal.decrypt(sealed)))
        except (InvalidToken, ValueError):
            return {}

    def _key(self, openid: str) -> str:
        return f"kantu:talk:{self._followers.alias(openid)}"

    def _early_key(self, openid: str) -> str:
        return f"kantu:early:{self._followers.alias(openid)}"
