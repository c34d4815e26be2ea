"""WeChat's errcodes as a table: what each means, what we do about it, what a person must do.

Source: "Global return codes", "API call limits" and the pages of the single APIs,
https://developers.weixin.qq.com/doc/service/
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from datetime import datetime, timedelta

from contract.quota import BEIJING

_CLOCKS = timedelta(minutes=5)  # by which our clock and WeChat's may differ
_MINUTE, _DAY = 60, 24 * 3600  # seconds
NOT_PERMITTED = 48001  # the account may not use this API


class Api(enum.StrEnum):
    """What we ask of WeChat; each has its quota, and is paused by itself."""

    TOKEN = "token"  # noqa: S105  # cgi-bin/stable_token
    MEDIA = "media"  # cgi-bin/media/get
    SEND = "send"  # cgi-bin/message/custom/send
    UPLOAD = "upload"  # cgi-bin/media/upload


class Policy(enum.Enum):
    """What we do about an errcode."""

    RETRY = "try again: nothing was done"
    REFRESH = "get another token and try again, once"
    FALL_BACK = "get the picture by its PicUrl"
    PAUSE = "leave this API alone for a time: the account is refused, not the message"
    PARK = "keep the answer until the follower writes again"
    DROP = "give up: the message would be refused again"
    IGNORE = "go on: nobody misses it"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Errcode:
    """One line of the table."""

    meaning: str
    policy: Policy
    pause: int = 0  # seconds that the API is left alone
    daily: bool = False  # or that it is left alone until the day's quota is renewed
    closed: bool = False  # meanwhile answers wait for the followers' next messages
    remedy: str = ""  # what a person must do; empty: nothing

    def resume(self, now: float) -> float:
        """Return when the API may be asked again; both in seconds since 1970."""
        return _renewal(now) if self.daily else now + self.pause


def look_up(errcode: int, api: Api) -> Errcode:
    """Return what we do about that answer of that API; a code that we do not know is DROP."""
    special = _OF_TOKEN if api is Api.TOKEN else {}
    return special.get(errcode) or ERRCODES.get(errcode) or _UNKNOWN


def _renewal(now: float) -> float:
    # Just after midnight by our clock it may still be yesterday by WeChat's: that day's quota must
    # not close the next one, so it is asked again soon.
    day = datetime.fromtimestamp(now, BEIJING) - _CLOCKS
    midnight = day.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return max(midnight.timestamp(), now + _MINUTE)


_BAD_TOKEN = Errcode(meaning="the access token is wrong or too old", policy=Policy.REFRESH)
_WRONG_SECRET = Errcode(
    meaning="the AppSecret is wrong",
    policy=Policy.PAUSE,
    pause=_MINUTE,
    remedy="set WECHAT_APP_SECRET to the one in WeChat's console",
)
_TYPING = Errcode(meaning="the typing state cannot be shown", policy=Policy.IGNORE)
_NO_SUCH_KIND = Errcode(meaning="not for this kind of account", policy=Policy.IGNORE)
_UNKNOWN = Errcode(meaning="not in our table", policy=Policy.DROP)

# Of menu/create; each is checked before (worker.button), by the rules as we know them.
_MENU = {
    40015: "the type of menu",
    40016: "the number of buttons, or the form of the file",
    40017: "a button's type",
    40018: "the length of a button's name",
    40019: "the length of a button's key",
    40020: "the length of a button's url",
    40021: "the version of the menu",
    40022: "the depth of the menu",
    40023: "the number of buttons below one",
    40024: "the type of a button below another",
    40025: "the length of the name of a button below another",
    40026: "the length of the key of a button below another",
    40027: "the length of the url of a button below another",
    40054: "the domain of the url of a button below another",
    40055: "the domain of a button's url",
}


def _menu(wrong: str) -> Errcode:
    return Errcode(
        meaning=f"the menu does not please WeChat: {wrong}",
        policy=Policy.DROP,
        remedy="correct the file",
    )


ERRCODES: Mapping[int, Errcode] = {
    -1: Errcode(meaning="WeChat is busy", policy=Policy.RETRY),
    40001: _BAD_TOKEN,
    40003: Errcode(meaning="no such OpenID", policy=Policy.DROP),
    40007: Errcode(meaning="the media_id is wrong or too old", policy=Policy.FALL_BACK),
    40013: Errcode(
        meaning="the AppID is wrong",
        policy=Policy.PAUSE,
        pause=_MINUTE,
        remedy="set WECHAT_APP_ID to the one in WeChat's console",
    ),
    40014: _BAD_TOKEN,
    **{code: _menu(wrong) for code, wrong in _MENU.items()},
    40033: Errcode(
        meaning="the text was sent with \\u escapes",
        policy=Policy.DROP,
        remedy="report it: that is a fault of this program",
    ),
    40125: _WRONG_SECRET,
    40164: Errcode(
        meaning="this server's address is not on the list",
        policy=Policy.PAUSE,
        pause=_MINUTE,
        remedy="add it to the IP list (IP 白名单) in WeChat's console; that takes five minutes",
    ),
    40200: _NO_SUCH_KIND,  # typing; and menus below a text, which are then numbered
    41001: Errcode(
        meaning="the access token is missing",
        policy=Policy.DROP,
        remedy="report it: that is a fault of this program",
    ),
    42001: _BAD_TOKEN,
    43004: Errcode(meaning="the follower has left", policy=Policy.DROP),
    43019: Errcode(meaning="the follower is on the blacklist", policy=Policy.DROP),
    44004: Errcode(meaning="the text is empty", policy=Policy.DROP),
    45001: Errcode(meaning="the file is too large", policy=Policy.DROP),
    45002: Errcode(meaning="the text is too long", policy=Policy.DROP),
    45009: Errcode(
        meaning="the day's quota is used up",
        policy=Policy.PAUSE,
        daily=True,
        closed=True,
        remedy="wait, or reset it in WeChat's console, then: python -m worker doctor --lift-pauses",
    ),
    45011: Errcode(meaning="too many calls a minute", policy=Policy.PAUSE, pause=_MINUTE),
    45015: Errcode(meaning="the follower wrote more than 48 hours ago", policy=Policy.PARK),
    45047: Errcode(meaning="the follower's messages allow no more answers", policy=Policy.PARK),
    45072: _TYPING,
    45080: _TYPING,
    45081: _TYPING,
    46003: Errcode(meaning="there is no menu", policy=Policy.DROP),
    NOT_PERMITTED: Errcode(
        meaning="this account may not use this API",
        policy=Policy.PAUSE,
        pause=_DAY,
        closed=True,
        remedy="have the account verified (微信认证)",
    ),
    48006: Errcode(
        meaning="the month's ten resets of the quota are used up",
        policy=Policy.DROP,
        remedy="wait for midnight in Beijing, or ask WeChat for a larger quota in its console",
    ),
    89503: Errcode(
        meaning="the administrator must confirm this server's address",
        policy=Policy.PAUSE,
        pause=_MINUTE,
        remedy="have the administrator confirm it on the phone",
    ),
}

# Asked for a token, WeChat says 40001 where the AppSecret is wrong.
_OF_TOKEN: Mapping[int, Errcode] = {40001: _WRONG_SECRET}
