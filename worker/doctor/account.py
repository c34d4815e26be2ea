"""The account, asked of WeChat itself: reached, let in, permitted. Nobody is messaged.

Pauses that the worker has noted are not heeded here: the doctor wants to know how it is now.
"""

from __future__ import annotations

from collections.abc import Iterator

import requests

from contract.settings import Settings
from worker.doctor import quota
from worker.doctor.clock import compare
from worker.doctor.finding import Finding, note, well, wrong
from worker.doctor.wechat_api import Answer, WeChatApi
from worker.errcodes import NOT_PERMITTED, Api, Policy, look_up
from worker.verdict import own_address
from worker.wechat import NOBODY, NOTHING

_ABOUT_THE_FOLLOWER = {40003, 43004, 45015, 45047}  # and so not about the account
_NO_SUCH_FILE = 40007
_SHOWN = 5  # addresses


def check(settings: Settings) -> Iterator[Finding]:
    """Give what is found; ends where there is no way on."""
    wechat = WeChatApi(settings)
    try:
        yield from _reach(wechat)
        token, finding = sign_in(wechat, settings)
        yield finding
        if token:
            yield may_send(wechat, token, settings)
            yield _may_fetch(wechat, token)
            yield _callbacks(wechat, token)
            yield from quota.check(wechat, token)
    except requests.RequestException as error:  # its text may hold the token
        yield wrong("wechat", "away", url=wechat.url, error=type(error).__name__)


def _reach(wechat: WeChatApi) -> Iterator[Finding]:
    # Refused for want of a token, and that is an answer.
    answer = wechat.ask("GET", "getcallbackip")
    if not answer.errcode:
        yield wrong("wechat", "not_wechat", url=wechat.url)
        return
    yield well("wechat", url=wechat.url, took=answer.milliseconds)
    if answer.date is None:
        yield note("wechat_clock", "silent")
    else:
        yield compare("wechat_clock", answer.date)


def sign_in(wechat: WeChatApi, settings: Settings) -> tuple[str, Finding]:
    """Return the token, empty where there is none, and what was found; raise as WeChatApi."""
    secret = settings.wechat_app_secret
    body = {
        "grant_type": "client_credential",
        "appid": settings.wechat_app_id,
        "secret": secret.get_secret_value() if secret else "",
    }
    answer = wechat.ask("POST", "stable_token", json=body)
    token = answer.said.get("access_token")
    if isinstance(token, str) and token:
        life = answer.said.get("expires_in")
        return token, well("token", account=settings.wechat_app_id, life=life)
    return "", refusal("token", Api.TOKEN, answer)


def may_send(wechat: WeChatApi, token: str, settings: Settings) -> Finding:
    """Return whether the account may push replies; nobody gets one. Raises as WeChatApi."""
    body = {"touser": NOBODY, "msgtype": "text", "text": {"content": "?"}}
    answer = wechat.ask("POST", "message/custom/send", token, json=body)
    if answer.errcode in _ABOUT_THE_FOLLOWER:
        return well("send")
    if answer.errcode != NOT_PERMITTED:
        return refusal("send", Api.SEND, answer)
    if settings.wechat_reply == "passive":
        return note("send", "needless")
    return wrong("send", "not_permitted", errcode=answer.errcode, api=Api.SEND)


def _may_fetch(wechat: WeChatApi, token: str) -> Finding:
    answer = wechat.ask("GET", "media/get", token, params={"media_id": NOTHING})
    if answer.errcode == _NO_SUCH_FILE:
        return well("fetch")
    if answer.errcode == NOT_PERMITTED:
        return note("fetch", "needless")
    return refusal("fetch", Api.MEDIA, answer)


def refusal(check: str, api: Api, answer: Answer) -> Finding:
    """Return what an answer means that is not the expected one."""
    if not answer.errcode:
        return wrong(check, "foreign")
    known = look_up(answer.errcode, api)
    values = {
        "errcode": answer.errcode,
        "api": api,
        "address": own_address(answer.said.get("errmsg")),
    }
    if known.policy is Policy.RETRY:
        return note(check, "refused_again", **values)
    return wrong(check, "refused" if known.remedy else "refused_unknown", **values)


def addresses(answer: Answer) -> list[str]:
    """Return where WeChat calls from, as getcallbackip says; none where it does not."""
    found = answer.said.get("ip_list")
    return [str(each) for each in found] if isinstance(found, list) else []


def _callbacks(wechat: WeChatApi, token: str) -> Finding:
    answer = wechat.ask("GET", "getcallbackip", token)
    found = addresses(answer)
    if not found:
        return note("callbacks", "silent", errcode=answer.errcode)
    shown, more = ", ".join(found[:_SHOWN]), len(found) - _SHOWN
    if more > 0:
        return well("callbacks", "more", addresses=shown, count=more)
    return well("callbacks", addresses=shown)
