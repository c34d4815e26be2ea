"""Who writes to us, under a name that gives nobody away: a keyed hash of the OpenID."""

from __future__ import annotations

import hashlib
import hmac
from typing import Literal

import redis
from redis.client import Pipeline

from contract.settings import Settings

Language = Literal["zh", "en"]
_LANGUAGE_TTL = 90 * 24 * 3600  # seconds


class Followers:
    """What is remembered of followers: only the language they write in."""

    def __init__(self, settings: Settings, connection: redis.Redis) -> None:
        # The token is the one secret that the webhook and the worker both have.
        self._key = settings.wechat_token.get_secret_value().encode()
        self._default = settings.language
        self._redis = connection

    def alias(self, openid: str) -> str:
        """Return the 20 characters that stand for a follower in keys and logs."""
        return hmac.new(self._key, openid.encode(), hashlib.sha256).hexdigest()[:20]

    def look_up_language(self, pipeline: Pipeline, openid: str) -> None:
        """Have a pipeline find the language of the last text, for as_language() to understand."""
        pipeline.get(self._language_key(openid))

    def as_language(self, found: object) -> Language:
        """Return the language that was looked up, or else the account's."""
        if found == b"en":
            return "en"
        return "zh" if found == b"zh" else self._default

    def remember_language(self, pipeline: redis.Redis, openid: str, language: Language) -> None:
        """Answer this follower in this language from now on; outside a pipeline, at once."""
        pipeline.set(self._language_key(openid), language, ex=_LANGUAGE_TTL)

    def forget(self, openid: str) -> None:
        """Delete what is remembered."""
        self._redis.delete(self._language_key(openid))

    def _language_key(self, openid: str) -> str:
        return f"kantu:language:{self.alias(openid)}"


def language_of(text: str) -> Language | None:
    """Return the language a text is written in, or None for digits, emoji and the like."""
    if any("一" <= character <= "鿿" for character in text):
        return "zh"
    letters = sum(character.isascii() and character.isalpha() for character in text)
    return "en" if letters >= 2 else None
