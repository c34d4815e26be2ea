"""One official account on WeChat's side: its followers, tokens, files, quotas and history."""

from __future__ import annotations

import collections
import threading

from simulator.clock import Clock
from simulator.credentials import Credentials
from simulator.errors import ApiError
from simulator.followers import Follower
from simulator.media import Media
from simulator.menu import Menu
from simulator.transcript import Transcript

LONGEST_TEXT = 2048  # bytes
DAILY = {
    "token": 2_000,
    "media/upload": 100_000,
    "media/get": 200_000,
    "message/custom/send": 500_000,
}
RESETS = 10  # of the quota, a month


class Account:
    """WeChat's memory of the account. The lock is for whoever changes a follower."""

    def __init__(self, app_id: str, app_secret: str, original_id: str = "gh_0123456789ab") -> None:
        self.original_id = original_id  # ToUserName of pushes
        self.clock = Clock()
        self.credentials = Credentials(app_id, app_secret, self.clock)
        self.media = Media(self.clock)
        self.menu = Menu()
        self.transcript = Transcript()
        self.verified = True  # else it has neither customer-service messages nor media
        self.pushes = True  # may it send customer-service messages?
        self.delay = 0.0  # seconds that each call of its API takes longer
        self.menus = True  # may it send a msgmenu? test accounts (测试号) may not
        self.listed: set[str] | None = None  # addresses that may fetch a token; None: any
        self.callback_addresses = ["127.0.0.1"]  # where its pushes come from
        self.followers: dict[str, Follower] = {}
        self.lock = threading.RLock()
        self._resets = 0  # the simulator is not run for a month
        self._used: collections.Counter[tuple[str, int]] = collections.Counter()

    def check_address(self, address: str) -> None:
        """Raise ApiError for one that is not on the console's list."""
        if self.listed is not None and address not in self.listed:
            raise ApiError(40164, f"{address} ipv6 ::ffff:{address}")

    def check_permission(self) -> None:
        """Raise ApiError where only verified accounts may go on."""
        if not self.verified:
            raise ApiError(48001)

    def count(self, api: str) -> None:
        """Take one call off the day's quota; raise ApiError where none is left."""
        today = self._today()
        self._used[api, today] += 1
        if self._used[api, today] > DAILY[api]:
            raise ApiError(45009)

    def quota(self, api: str) -> tuple[int, int]:
        """Return how many calls a day has and how many are used; raise ApiError."""
        if api not in DAILY:
            raise ApiError(76021)
        return DAILY[api], self._used[api, self._today()]

    def use_up(self, api: str) -> None:
        """Let nothing be left of an API's quota for today."""
        self._used[api, self._today()] = DAILY[api]

    def clear_quota(self) -> None:
        """Count the day's calls anew; raise ApiError where that was done ten times this month."""
        if self._resets >= RESETS:
            raise ApiError(48006)
        self._resets += 1
        self.renew_quota()

    def renew_quota(self) -> None:
        """Count the day's calls anew, as at midnight in Beijing."""
        self._used.clear()

    def _today(self) -> int:
        return int((self.clock.now() + 8 * 3600) // (24 * 3600))  # days begin in Beijing

    def follower(self, openid: object) -> Follower:
        """Return the follower; raise ApiError where there never was one."""
        if not isinstance(openid, str) or openid not in self.followers:
            raise ApiError(40003)
        return self.followers[openid]

    def receive_text(self, openid: object, content: object) -> None:
        """Deliver a customer-service message to a follower's phone; raise ApiError."""
        follower = self.follower(openid)
        if not isinstance(content, str) or not content:
            raise ApiError(44004)
        if len(content.encode()) > LONGEST_TEXT:
            raise ApiError(45002)
        follower.spend(self.clock.now())
        self.transcript.add(
            "answer", self.clock.now(), follower=follower.openid, text=content, way="push"
        )

    def receive_picture(self, openid: object, media_id: object) -> None:
        """Show a picture that the account has uploaded on a follower's phone; raise ApiError."""
        follower = self.follower(openid)
        self.media.get(str(media_id))
        follower.spend(self.clock.now())
        self.transcript.add(
            "picture", self.clock.now(), follower=follower.openid, picture=media_id, way="push"
        )

    def receive_menu(self, openid: object, lines: object) -> None:
        """Show the lines that a follower may tap below the text just received; raise ApiError."""
        follower = self.follower(openid)
        if not isinstance(lines, list) or not all(_is_line(each) for each in lines):
            raise ApiError(47001)
        self.transcript.add("menu", self.clock.now(), follower=follower.openid, lines=lines)


def _is_line(line: object) -> bool:
    """Return whether it is {"id": "101", "content": "yes"}."""
    return (
        isinstance(line, dict)
        and {"id", "content"} == line.keys()
        and all(isinstance(each, str) and each for each in line.values())
    )
