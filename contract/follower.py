"""Who writes to us, under a name that gives nobody away: a keyed hash of the OpenID."""

from __future__ import annotations

import functools
import hmac
import time
from collections.abc import Sequence
from typing import Literal, cast

import redis
from redis.client import Pipeline

from contract.settings import Settings

Language = Literal["zh", "en"]
_LANGUAGE_TTL = 90 * 24 * 3600  # seconds
_LEFT_TTL = 48 * 3600  # seconds; no reply is on its way for longer
_RECENT = 64  # followers: one message asks for its follower's alias eight times


class Followers:
    """What is remembered of followers: the language they write in, or that they have left."""

    def __init__(self, settings: Settings, connection: redis.Redis) -> None:
        # The token is the one secret that the webhook and the worker both have. While it is being
        # replaced the old one counts, so that aliases change only when that is struck off the list.
        self._key = settings.wechat_tokens[-1].encode()
        self._default = settings.language
        self._redis = connection
        self._aliases = functools.lru_cache(_RECENT)(self._digest)

    def alias(self, openid: str) -> str:
        """Return the 20 characters that stand for a follower in keys and logs."""
        return self._aliases(openid)

    def _digest(self, openid: str) -> str:
        return hmac.digest(self._key, openid.encode(), "sha256").hex()[:20]

    def look_up_language(self, pipeline: Pipeline, openid: str) -> None:
        """Have a pipeline find the language, for as_language() to understand."""
        pipeline.mget(self._language_keys(openid))

    def as_language(self, found: Sequence[bytes | None]) -> Language:
        """Return what was looked up: the language chosen, or that of the last text, or ours."""
        known = next(filter(None, found), b"")
        if known == b"en":
            return "en"
        return "zh" if known == b"zh" else self._default

    def remember_language(self, pipeline: redis.Redis, openid: str, language: Language) -> None:
        """Answer this follower in this language from now on; outside a pipeline, at once."""
        pipeline.set(self._language_keys(openid)[1], language, ex=_LANGUAGE_TTL)

    def choose_language(self, openid: str, language: Language) -> None:
        """Answer this follower in this language, whatever they write."""
        self._redis.set(self._language_keys(openid)[0], language, ex=_LANGUAGE_TTL)

    def forget(self, openid: str) -> None:
        """Delete what is remembered; for two days, it is known that they have left."""
        with self._redis.pipeline() as pipeline:
            pipeline.delete(*self._language_keys(openid))
            pipeline.set(self._left_key(openid), time.time(), ex=_LEFT_TTL)
            pipeline.execute()

    def has_left(self, openid: str, since: float) -> bool:
        """Return whether a follower has left after that time, in seconds since 1970."""
        left = cast("bytes | None", self._redis.get(self._left_key(openid)))
        return left is not None and float(left) >= since

    def _left_key(self, openid: str) -> str:
        return f"kantu:left:{self.alias(openid)}"

    def _language_keys(self, openid: str) -> tuple[str, str]:
        """Return where the language stands that was chosen, and that which was written."""
        key = f"kantu:language:{self.alias(openid)}"
        return f"{key}:chosen", key


def language_of(text: str) -> Language | None:
    """Return the language a text is written in, or None for digits, emoji and the like."""
    if any("一" <= character <= "鿿" for character in text):
        return "zh"
    letters = sum(character.isascii() and character.isalpha() for character in text)
    return "en" if letters >= 2 else None
