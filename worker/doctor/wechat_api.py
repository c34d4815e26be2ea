"""WeChat's API, asked directly: no token kept, no pause heeded, nothing noted."""

from __future__ import annotations

import dataclasses
import email.utils
import time
from collections.abc import Mapping
from typing import Any

from contract.settings import Settings
from worker.session import Session

_TIMEOUT = (3.0, 8.0)  # seconds to connect, to wait for each piece of the answer
_LONGEST = 10.0  # seconds for the whole answer


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What WeChat says."""

    said: Mapping[str, Any]  # empty where it is no JSON object
    milliseconds: float
    date: float | None  # its clock, in seconds since 1970; None where it does not say

    @property
    def errcode(self) -> int:
        """0 where there is none."""
        errcode = self.said.get("errcode")
        return errcode if isinstance(errcode, int) else 0


class WeChatApi:
    """WeChat's API, asked directly; raises requests.RequestException."""

    def __init__(self, settings: Settings) -> None:
        self.url = settings.wechat_api_url
        self._http = Session(1, _TIMEOUT, _LONGEST)

    def ask(self, method: str, path: str, token: str = "", **options: Any) -> Answer:
        """Return what it answers."""
        query = {"access_token": token, **options.pop("params", {})}
        began = time.monotonic()
        url = f"{self.url}/cgi-bin/{path}"
        response = self._http.request(method, url, params=query, **options)
        took = 1000 * (time.monotonic() - began)
        try:
            said = response.json()
        except (ValueError, RecursionError):
            said = None
        date = response.headers.get("Date", "")
        return Answer(
            said=said if isinstance(said, dict) else {}, milliseconds=took, date=_seconds(date)
        )


def _seconds(date: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        return None
