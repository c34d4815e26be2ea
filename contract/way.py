"""How replies go out just now: as the settings say, but never by push while WeChat forbids that."""

from __future__ import annotations

import json
from typing import Literal

from redis.client import Pipeline

from contract.settings import Settings

Way = Literal["push", "passive", "hybrid"]


def pause_key(app_id: str, api: str) -> str:
    """Return where it stands that an API of WeChat's is left alone for now, and why (JSON)."""
    return f"kantu:wechat:{app_id}:pause:{api}"


class Ways:
    """What the webhook must know of the account's standing."""

    def __init__(self, settings: Settings) -> None:
        self._chosen: Way = settings.wechat_reply
        self._key = pause_key(settings.wechat_app_id, "send")

    def look(self, pipeline: Pipeline) -> None:
        """Have a pipeline find whether messages may be pushed, for as_way() to understand."""
        pipeline.get(self._key)

    def as_way(self, found: bytes | None) -> Way:
        """Return the way; passive where the quota is used up or the permission is missing."""
        closed = found is not None and json.loads(found).get("closed")
        return "passive" if closed else self._chosen
