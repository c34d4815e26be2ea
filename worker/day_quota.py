"""How much of the day's calls WeChat says is used; asked now and then, for whoever looks on."""

from __future__ import annotations

import time

from contract.health import QuotaState
from worker.errors import AnswerError
from worker.wechat import WeChat

_PERIOD = 600  # seconds; to ask has a quota of its own, a large one
_PATHS = {"send": "message/custom/send", "media": "media/get"}


class DayQuota:
    """What WeChat said last."""

    def __init__(self, wechat: WeChat) -> None:
        self._wechat = wechat
        self._known: tuple[QuotaState, ...] = ()
        self._not_before = 0.0  # by time.monotonic()

    def read(self) -> tuple[QuotaState, ...]:
        """Return it; an API of which WeChat tells nothing is left out."""
        if time.monotonic() >= self._not_before:
            self._not_before = time.monotonic() + _PERIOD
            asked = [self._ask(api, path) for api, path in _PATHS.items()]
            self._known = tuple(each for each in asked if each)
        return self._known

    def _ask(self, api: str, path: str) -> QuotaState | None:
        try:
            used, limit = self._wechat.day_quota(path)
        except AnswerError:
            return None
        # Of an API that the account may not use, the limit is 0.
        return QuotaState(api=api, used=used, limit=limit) if limit > 0 else None
