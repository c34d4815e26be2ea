"""How the account stands with WeChat: its token, and which APIs are left alone until when.

Redis holds it for all processes; one trip reads all of it.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import redis

from contract.quota import BEIJING
from contract.way import pause_key
from worker.errcodes import Api
from worker.errors import WeChatClosed, WeChatPaused

logger = logging.getLogger(__name__)
_MEMORY = 1.0  # seconds for which what was read may be used again
# Gives a token up, unless another has taken its place. KEYS: token, pause. ARGV: the one that is
# refused; why, as JSON; milliseconds. Returns 0 where it was not in use, 2 where a pause was on.
_GIVE_UP = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3], 'GET') and 2 or 1
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Why an API is left alone, and until when."""

    api: Api
    why: str
    until: float  # seconds since 1970
    closed: bool = False  # too long to wait for
    errcode: int = 0  # of WeChat's; 0 where it said none
    remedy: str = ""  # what a person must do; empty: nothing

    @property
    def error(self) -> WeChatPaused:
        """The error for whoever would ask it."""
        return WeChatClosed(str(self)) if self.closed else WeChatPaused(str(self))

    def __str__(self) -> str:
        end = datetime.fromtimestamp(self.until, BEIJING)
        return f"WeChat's {self.api} API is left alone until {end:%Y-%m-%d %H:%M:%S %z}: {self.why}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    token: str | None
    pauses: Mapping[Api, Pause]
    taken: float  # by time.monotonic()


_LONG_AGO = float("-inf")


class Standing:
    """The account's standing; every method but those that say otherwise raises redis.RedisError."""

    def __init__(self, connection: redis.Redis, app_id: str) -> None:
        self._redis = connection
        self._app_id = app_id
        self.prefix = f"kantu:wechat:{app_id}"  # a Redis may have served another account
        self._token = f"{self.prefix}:token"
        self._give_up = connection.register_script(_GIVE_UP)
        self._last = _Reading(token=None, pauses={}, taken=_LONG_AGO)

    def read(self) -> str | None:
        """Return the token, if there is one, and learn of pauses; one trip to Redis."""
        found: Any = self._redis.mget(self._token, *(self._pause(api) for api in Api))
        token, *texts = found
        pauses = zip(Api, texts, strict=True)
        reading = _Reading(
            token=token.decode() if token else None,
            pauses={api: _parse(api, text) for api, text in pauses if text},
            taken=time.monotonic(),
        )
        self._last = reading
        return reading.token

    def remembered(self) -> str | None:
        """Return the token that was read within the last second, else None; no trip to Redis."""
        last = self._last
        return last.token if time.monotonic() - last.taken < _MEMORY else None

    def check(self, api: Api) -> None:
        """Raise WeChatPaused where what was read last says that the API is left alone."""
        if pause := self._last.pauses.get(api):
            raise pause.error

    def keep(self, token: str, seconds: int) -> None:
        """Have every process use this token from now on, for so long."""
        self._outdate()
        self._redis.set(self._token, token, ex=seconds)

    def give_up(self, token: str, pause: Pause) -> bool:
        """Forget this token and pause; return whether it was in use, for one in its place stays.

        Both at once: whoever found no token and no pause would ask for one more.
        """
        self._outdate()
        keys, text = [self._token, self._pause(pause.api)], _text(pause)
        found = self._give_up(keys=keys, args=[token, text, _milliseconds(pause)])
        if found == 1:
            _tell(pause)
        return bool(found)

    def pause(self, pause: Pause) -> WeChatPaused:
        """Have every process leave an API alone for that time; return the error that says so.

        It raises nothing: whoever was refused must learn that, and not that Redis is away.
        """
        self._outdate()
        key, text = self._pause(pause.api), _text(pause)
        try:
            before = self._redis.set(key, text, px=_milliseconds(pause), get=True)
        except redis.RedisError as error:
            logger.warning("%s; but Redis does not note it: %s", pause, type(error).__name__)
        else:
            if not before:  # else calls that were on their way are refused, too
                _tell(pause)
        return pause.error

    def look(self) -> tuple[float | None, list[Pause]]:
        """Return for how many seconds there is a token, None without one; and what is paused."""
        self.read()
        life: Any = self._redis.pttl(self._token)
        return (life / 1000 if life > 0 else None), list(self._last.pauses.values())

    def lift(self) -> int:
        """End every pause now; return how many there were."""
        self._outdate()
        return int(self._redis.delete(*(self._pause(api) for api in Api)))

    def _outdate(self) -> None:
        # Its pauses stay, for another thread may be about to check them.
        self._last = dataclasses.replace(self._last, taken=_LONG_AGO)

    def _pause(self, api: Api) -> str:
        return pause_key(self._app_id, api)


def _tell(pause: Pause) -> None:
    if pause.remedy:
        logger.error("%s. What to do: %s", pause, pause.remedy)
    else:
        logger.warning("%s", pause)


def _text(pause: Pause) -> str:
    noted = dataclasses.asdict(pause)
    del noted["api"]  # the key says it
    return json.dumps(noted)


def _milliseconds(pause: Pause) -> int:
    return max(1, round(1000 * (pause.until - time.time())))


def _parse(api: Api, text: bytes) -> Pause:
    noted = json.loads(text)
    return Pause(api=api, **noted)
