"""The watch: sees every ten seconds how everything is, notes it, and has a person told.

A process of its own beside those that work: it may wait for WeChat and for model servers, and it is
there when the others are not. Of the watches of several hosts one looks at a time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import socket
import time
from collections.abc import Mapping

import redis

from contract.health import keep, read
from contract.settings import Settings
from contract.tally import note_queue
from worker.alert import alerts
from worker.day_quota import DayQuota
from worker.errcodes import NOT_PERMITTED, Api
from worker.errors import AnswerError, SendBroken, WeChatUnavailable
from worker.health import Observer
from worker.notification_log import OwnLog, SharedLog
from worker.notifier import Notifier
from worker.wechat import WeChat

logger = logging.getLogger(__name__)
_PERIOD = 10  # seconds
_TURN = "kantu:health:turn"  # somebody looks, or has just looked
_TURN_TTL = 9  # seconds; less than a period, or every second look would be left out


class Watch:
    """Looks, notes and tells."""

    def __init__(self, settings: Settings, connection: redis.Redis) -> None:
        url = settings.alert_webhook
        self._redis = connection
        self._observer = Observer(settings, connection)
        self._wechat = WeChat(settings, connection)
        self._quota = DayQuota(self._wechat)
        self._notifier = Notifier(url.get_secret_value(), settings.wechat_app_id) if url else None
        self._shared, self._own = SharedLog(connection), OwnLog()
        self._refused = set[Api]()  # by the last look

    def run(self) -> int:
        """Look for ever: a watch that ended would be missed by nobody."""
        while True:
            try:
                self.look()
            except Exception:
                logger.exception("the watch failed; it looks again in %d s", _PERIOD)
            time.sleep(_PERIOD)

    def look(self) -> None:
        """Look once, if no other process does; tell where Redis is away, too."""
        trouble = dict[str, str]()
        try:
            if self._redis.set(_TURN, 1, nx=True, ex=_TURN_TTL):
                self._look()
        except redis.RedisError as error:
            trouble = _of_redis(error)
        self._tell_own(trouble)

    def _look(self) -> None:
        self._ask_wechat()
        found = self._observer.health(read(self._redis))
        health = dataclasses.replace(found, quotas=self._quota.read())
        self._refused = {Api(each.api) for each in health.pauses if each.errcode == NOT_PERMITTED}
        keep(self._redis, health)
        note_queue(self._redis, health.queue.waiting, health.queue.oldest, health.taken)
        if self._notifier:
            self._notifier.notify(dict(alerts(health)), self._shared)

    def _ask_wechat(self) -> None:
        """See to it that there is a token before a follower needs it, and that a refusal shows.

        A permission that was refused is asked for as soon as its pause is over: by itself the end
        of a pause says nothing.
        """
        with contextlib.suppress(WeChatUnavailable):
            self._wechat.sign_in()
        for api in self._refused:
            with contextlib.suppress(AnswerError, SendBroken):
                self._wechat.probe(api)

    def _tell_own(self, trouble: Mapping[str, str]) -> None:
        if self._notifier:
            self._notifier.notify(trouble, self._own)


def _of_redis(error: redis.RedisError) -> dict[str, str]:
    """Return the alert, by its name."""
    kind, host = type(error).__name__, socket.gethostname()
    if isinstance(error, redis.ResponseError):
        why = str(error)[:200]
        return {
            "redis_refuses_writes": f"Redis refuses what {host} writes: {why}. No message is taken "
            "in. What to do: see its memory, its disk, and whether it has become a replica."
        }
    return {
        "redis_away": f"Redis does not answer {host}: {kind}. Followers are asked to send again. "
        "What to do: see whether it runs and can be reached."
    }
