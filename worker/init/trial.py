"""Settings are tried as soon as they are known: with WeChat, Redis and the model server."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import redis
import requests

from contract.connection import connect_to
from contract.redis_url import without_login
from contract.settings import Settings
from worker.doctor.account import may_send, sign_in
from worker.doctor.finding import Finding, Mark, wrong
from worker.doctor.wechat_api import WeChatApi
from worker.doctor.wording import put
from worker.errors import ModelUnavailable
from worker.init.dialogue import Dialogue
from worker.model_server import ModelServer

_OUR_MISTAKE = {40001, 40013, 40125}  # the AppID or the AppSecret, not the account


class Verdict(enum.Enum):
    """What is to be done about what was tried."""

    GO_ON = "it is well, or cannot be known from here"
    ASK_AGAIN = "what was entered is wrong"
    TRY_AGAIN = "what was entered may be right, but something must be done elsewhere"


def try_account(dialogue: Dialogue, given: Mapping[str, str]) -> tuple[Verdict, bool]:
    """Say whether WeChat lets the account in; return what to do, and whether it may push."""
    # What is asked later does not matter here.
    known: dict[str, Any] = {
        "wechat_token": "asked-later",
        "wechat_mode": "plain",
        "wechat_app_id": given["WECHAT_APP_ID"],
        "wechat_app_secret": given["WECHAT_APP_SECRET"],
    }
    if url := given.get("WECHAT_API_URL"):
        known["wechat_api_url"] = url
    settings = Settings(_env_file=None, **known)  # type: ignore[call-arg]  # pydantic's own
    wechat = WeChatApi(settings)
    try:
        token, finding = sign_in(wechat, settings)
        _tell(dialogue, finding)
        if not token:
            return _judge(finding), True
        sending = may_send(wechat, token, settings)
    except requests.RequestException as error:  # its text may hold the token
        _tell(dialogue, wrong("wechat", "away", url=wechat.url, error=type(error).__name__))
        return Verdict.GO_ON, True
    _tell(dialogue, sending)
    return Verdict.GO_ON, sending.mark is Mark.WELL


def _judge(finding: Finding) -> Verdict:
    errcode = finding.values.get("errcode")
    if not errcode:
        return Verdict.GO_ON
    return Verdict.ASK_AGAIN if errcode in _OUR_MISTAKE else Verdict.TRY_AGAIN


def _tell(dialogue: Dialogue, finding: Finding) -> None:
    line = put(finding, dialogue.language).line(dialogue.language, finding.mark)
    dialogue.show(f"  {line}")


def try_redis(dialogue: Dialogue, url: str) -> Verdict:
    """Say whether Redis answers."""
    place = without_login(url)
    try:
        connect_to(url).ping()
    except redis.AuthenticationError:
        dialogue.say("bad", text=dialogue.words("found", "redis_login", place=place))
        return Verdict.ASK_AGAIN
    except redis.RedisError as error:
        found = dialogue.words("found", "no_redis", place=place, error=type(error).__name__)
        dialogue.say("bad", text=found)
        return Verdict.GO_ON
    dialogue.say("good", text=dialogue.words("found", "redis"))
    return Verdict.GO_ON


def try_models(dialogue: Dialogue, url: str, model: str) -> Verdict:
    """Say whether the model server answers."""
    try:
        ModelServer(url).status(model)
    except ModelUnavailable as error:
        dialogue.say("bad", text=dialogue.words("found", "no_models", url=url, error=error))
    else:
        dialogue.say("good", text=dialogue.words("found", "models"))
    return Verdict.GO_ON
