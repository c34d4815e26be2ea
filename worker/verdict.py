"""From an errcode of WeChat's to our error; what it says about the account is noted on the way."""

from __future__ import annotations

import logging
import re
import time

from worker import metrics
from worker.errcodes import Api, Errcode, Policy, look_up
from worker.errors import (
    PictureExpired,
    WeChatParked,
    WeChatPaused,
    WeChatRefused,
    WeChatUnavailable,
)
from worker.standing import Pause, Standing

logger = logging.getLogger(__name__)
_NO_TOKEN = 3  # seconds without a try after WeChat gave no token; shorter than a job's two pauses
_ADDRESS = re.compile(r"invalid ip ([0-9a-fA-F.:]+)")  # our own, in the errmsg of 40164
_KINDS = {Policy.RETRY: WeChatUnavailable, Policy.FALL_BACK: PictureExpired}


class TokenRefused(Exception):
    """WeChat refused the access token, and did nothing; it never leaves worker.wechat."""


def verdict(standing: Standing, api: Api, errcode: int, errmsg: object) -> Exception:
    """Return the error for an errcode: an AnswerError, or TokenRefused."""
    metrics.wechat_said(errcode)
    known = look_up(errcode, api)
    text = f"errcode {errcode}, {known.meaning}{own_address(errmsg)}"
    if known.policy is Policy.PAUSE:
        end = known.resume(time.time())
        return standing.pause(
            Pause(
                api=api, why=text, until=end, closed=known.closed, errcode=errcode,
                remedy=known.remedy,
            )
        )  # fmt: skip
    if api is Api.TOKEN:
        return no_token(standing, text)
    if known.policy is Policy.REFRESH:
        return TokenRefused(text)
    if kind := _KINDS.get(known.policy):
        return kind(text)
    return _refused(errcode, known)


def no_token(standing: Standing, why: str) -> WeChatPaused:
    """Return the error; those who wait for a token just now need not each wait for another."""
    return standing.pause(Pause(api=Api.TOKEN, why=why, until=time.time() + _NO_TOKEN))


def _refused(errcode: int, known: Errcode) -> WeChatRefused:
    if known.remedy:
        logger.error("errcode %d, %s. What to do: %s", errcode, known.meaning, known.remedy)
    kind = WeChatParked if known.policy is Policy.PARK else WeChatRefused
    return kind(errcode, known.meaning)


def own_address(errmsg: object) -> str:
    """Return the address that WeChat sees us at, where it names it; nothing else of its text."""
    found = _ADDRESS.search(str(errmsg))
    return f": {found[1]}" if found else ""
