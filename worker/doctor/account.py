"""The account, asked of WeChat itself: reached, let in, permitted. Nobody is messaged.

Pauses that the worker has noted are not heeded here: the doctor wants to know how it is now.
"""

from __future__ import annotations

import dataclasses
import email.utils
import time
from collections.abc import Iterator, Mapping
from typing import Any

import requests

from contract.settings import Settings
from worker.doctor.clock import compare
from worker.doctor.finding import Finding, note, well, wrong
from worker.errcodes import Api, Policy, look_up
from worker.session import Session
from worker.verdict import own_address
from worker.wechat import NOBODY, NOTHING

_TIMEOUT = (3.0, 8.0)  # seconds to connect, to wait for each piece of the answer
_LONGEST = 10.0  # seconds for the whole answer
_ABOUT_THE_FOLLOWER = {40003, 43004, 45015, 45047}  # and so not about the account
_NO_SUCH_FILE, _NOT_PERMITTED = 40007, 48001
_SHOWN = 5  # addresses


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


class Desk:
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


def check(settings: Settings) -> Iterator[Finding]:
    """Give what is found; ends where there is no way on."""
    desk = Desk(settings)
    try:
        yield from _reach(desk)
        token, finding = sign_in(desk, settings)
        yield finding
        if token:
            yield _may_send(desk, token, settings)
            yield _may_fetch(desk, token)
            yield _callbacks(desk, token)
    except requests.RequestException as error:  # its text may hold the token
        yield wrong(
            "WeChat",
            f"no answer from {desk.url} ({type(error).__name__})",
            "see this machine's way to the internet: DNS, firewall, proxy; and WECHAT_API_URL",
        )


def _reach(desk: Desk) -> Iterator[Finding]:
    answer = desk.ask("GET", "getcallbackip")  # refused for want of a token, and that is an answer
    if not answer.errcode:
        yield wrong(
            "WeChat",
            f"{desk.url} answers, but not as WeChat does; expected an errcode",
            "see WECHAT_API_URL, and whether a proxy stands in between",
        )
        return
    yield well("WeChat", f"{desk.url} answers in {answer.milliseconds:.0f} ms")
    if answer.date is None:
        yield note("WeChat's clock", "the answer has no date; expected one")
    else:
        yield compare("WeChat's clock", answer.date)


def sign_in(desk: Desk, settings: Settings) -> tuple[str, Finding]:
    """Return the token, empty where there is none, and what was found; raise as Desk."""
    subject, secret = "access token", settings.wechat_app_secret
    body = {
        "grant_type": "client_credential",
        "appid": settings.wechat_app_id,
        "secret": secret.get_secret_value() if secret else "",
    }
    answer = desk.ask("POST", "stable_token", json=body)
    token = answer.said.get("access_token")
    if isinstance(token, str) and token:
        life = answer.said.get("expires_in")
        return token, well(subject, f"WeChat gives one to {settings.wechat_app_id}, for {life} s")
    return "", refusal(subject, Api.TOKEN, answer)


def _may_send(desk: Desk, token: str, settings: Settings) -> Finding:
    body = {"touser": NOBODY, "msgtype": "text", "text": {"content": "?"}}
    answer = desk.ask("POST", "message/custom/send", token, json=body)
    subject = "customer-service messages"
    if answer.errcode in _ABOUT_THE_FOLLOWER:
        return well(subject, "the account may send them")
    if answer.errcode == _NOT_PERMITTED and settings.wechat_reply == "passive":
        return note(subject, "the account may not, nor need it: WECHAT_REPLY is passive")
    return refusal(subject, Api.SEND, answer)


def _may_fetch(desk: Desk, token: str) -> Finding:
    answer = desk.ask("GET", "media/get", token, params={"media_id": NOTHING})
    subject = "pictures by media/get"
    if answer.errcode == _NO_SUCH_FILE:
        return well(subject, "the account may fetch them")
    if answer.errcode == _NOT_PERMITTED:
        return note(subject, "the account may not; they are fetched by their PicUrl instead")
    return refusal(subject, Api.MEDIA, answer)


def refusal(subject: str, api: Api, answer: Answer) -> Finding:
    """Return what an answer means that is not the expected one."""
    if not answer.errcode:
        return wrong(
            subject,
            "the answer is not one of WeChat's; expected an errcode",
            "see WECHAT_API_URL, and whether a proxy stands in between",
        )
    known = look_up(answer.errcode, api)
    address = own_address(answer.said.get("errmsg"))
    found = f"WeChat refuses with errcode {answer.errcode}, {known.meaning}{address}"
    if known.policy is Policy.RETRY:
        return note(subject, found, "try again in a minute")
    return wrong(subject, found, known.remedy or "look the errcode up in WeChat's documentation")


def _callbacks(desk: Desk, token: str) -> Finding:
    subject, answer = "where WeChat calls from", desk.ask("GET", "getcallbackip", token)
    addresses = answer.said.get("ip_list")
    if not isinstance(addresses, list) or not addresses:
        return note(subject, f"WeChat does not say (errcode {answer.errcode})")
    more = f" and {len(addresses) - _SHOWN} more" if len(addresses) > _SHOWN else ""
    found = ", ".join(str(each) for each in addresses[:_SHOWN])
    return well(subject, f"{found}{more}; a firewall before the webhook must let them in")
