"""Tells a person: an alert goes to ALERT_WEBHOOK. Its URL holds a key, so no log shows it.

Source for WeCom's group robots: "Group robot configuration", https://developer.work.weixin.qq.com/
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

import requests

from contract.quota import BEIJING
from worker.notification_log import Entry, NotificationLog
from worker.session import Session

logger = logging.getLogger(__name__)
_TIMEOUT = (3.0, 5.0)  # seconds to connect, to wait for each piece of the answer
_LONGEST = 6.0  # seconds for the whole answer
_WECOM = "qyapi.weixin.qq.com"  # takes twenty messages a minute; we have fewer kinds of them
_EVERY = 3600.0  # seconds after which it is said again
_AGAIN = 60.0  # seconds until it is tried again after it did not arrive
_CALM = 120.0  # seconds without it before it is over: two pauses of WeChat's API

State = Literal["firing", "resolved"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a person is told."""

    account: str  # AppID
    alert: str
    state: State
    text: str
    since: str  # ISO 8601

    def as_json(self) -> dict[str, Any]:
        """Return it as any program may read it."""
        return {"product": "kantu", **dataclasses.asdict(self)}

    def as_wecom(self) -> dict[str, Any]:
        """Return it as a group robot of WeCom shows it."""
        lines = (f"Kantu {self.account}: {self.alert} {self.state}", self.text, self.since)
        return {"msgtype": "text", "text": {"content": "\n".join(lines)}}


class Notifier:
    """Tells of each alert when it begins, once an hour while it lasts, and when it is over."""

    def __init__(self, url: str, account: str) -> None:
        self._url = url
        self._account = account
        self._for_wecom = urlsplit(url).hostname == _WECOM
        self._http = Session(1, _TIMEOUT, _LONGEST)

    def notify(self, found: Mapping[str, str], log: NotificationLog) -> None:
        """Tell what is new in what was found, by name; raise what the log does, nothing else."""
        for name, text in found.items():
            entry = log.note(name, text)
            if log.may_tell(name, _EVERY) and not self._tell(name, "firing", entry):
                log.tell_again(name, _AGAIN)
                return  # the others would be as long on their way; there is another look soon
        for name, entry in log.over(found, _CALM).items():
            # Another process may see the same now, and one of us is enough.
            if log.may_tell(f"{name}:end", _AGAIN):
                if not self._tell(name, "resolved", entry):
                    return
                log.forget(name)

    def _tell(self, name: str, state: State, entry: Entry) -> bool:
        """Return whether the word arrived."""
        notice = Notice(
            account=self._account,
            alert=name,
            state=state,
            text=entry.text,
            since=datetime.fromtimestamp(entry.since, BEIJING).isoformat(timespec="seconds"),
        )
        if refusal := self._send(notice):
            logger.warning("ALERT_WEBHOOK does not take %s (%s): %s", name, state, refusal)
        return not refusal

    def _send(self, notice: Notice) -> str:
        """Return why it did not arrive; empty where it did."""
        body = notice.as_wecom() if self._for_wecom else notice.as_json()
        try:
            response = self._http.post(self._url, json=body)
        except (requests.RequestException, ValueError) as error:
            return type(error).__name__  # its text holds the URL
        if response.status_code // 100 != 2:  # a redirect is not followed
            return f"HTTP {response.status_code}"
        return _refusal_of_wecom(response) if self._for_wecom else ""


def _refusal_of_wecom(response: requests.Response) -> str:
    try:
        answer = response.json()
    except ValueError:
        return "no JSON"
    errcode = answer.get("errcode") if isinstance(answer, dict) else None
    return "" if errcode == 0 else f"errcode {errcode}"
