"""Access tokens as WeChat gives them out.

token         each call a new one; the one before dies five minutes later; 2,000 a day
stable_token  the same until five minutes before its end; force_refresh kills it at once, at most
              20 times a day and 30 seconds apart. The two do not touch each other.
"""

from __future__ import annotations

import secrets

from simulator.clock import Clock
from simulator.errors import ApiError

LIFE = 7200  # seconds
OVERLAP = 300  # seconds
FORCED_A_DAY = 20
BETWEEN_FORCED = 30  # seconds


class Credentials:
    """The tokens of one account."""

    def __init__(self, app_id: str, app_secret: str, clock: Clock) -> None:
        self._app_id, self._app_secret, self._clock = app_id, app_secret, clock
        self._ends: dict[str, float] = {}
        self._stable = self._plain = ""
        self._forced: list[float] = []
        self.fetched = 0

    def stable(self, app_id: str, app_secret: str, *, force: bool) -> tuple[str, int]:
        """Return stable_token's token and the seconds it lives; raise ApiError."""
        self._check_account(app_id, app_secret)
        now = self._clock.now()
        if force and self._may_force(now):
            self._forced.append(now)
            self._ends.pop(self._stable, None)
            self._stable = ""
        if self._ends.get(self._stable, 0) - now <= OVERLAP:
            self._stable = self._issue()
        return self._stable, int(self._ends[self._stable] - now)

    def plain(self, app_id: str, app_secret: str) -> tuple[str, int]:
        """Return token's token and the seconds it lives; raise ApiError."""
        self._check_account(app_id, app_secret)
        before, self._plain = self._plain, self._issue()
        if before in self._ends:
            self._ends[before] = min(self._ends[before], self._clock.now() + OVERLAP)
        return self._plain, LIFE

    def are_of(self, app_id: object) -> bool:
        """Return whether an AppID is the account's."""
        return app_id == self._app_id

    def check(self, token: str | None) -> None:
        """Raise ApiError unless the token is good now."""
        if not token:
            raise ApiError(41001)
        if token not in self._ends:
            raise ApiError(40001)
        if self._ends[token] < self._clock.now():
            raise ApiError(42001)

    def revoke(self) -> None:
        """Let every token given out so far be invalid, as when an operator resets them."""
        self._ends.clear()

    def _check_account(self, app_id: str, app_secret: str) -> None:
        if app_id != self._app_id:
            raise ApiError(40013)
        if not secrets.compare_digest(app_secret, self._app_secret):
            raise ApiError(40125)

    def _may_force(self, now: float) -> bool:
        today = [moment for moment in self._forced if now - moment < 24 * 3600]
        return len(today) < FORCED_A_DAY and (not today or now - today[-1] >= BETWEEN_FORCED)

    def _issue(self) -> str:
        self.fetched += 1
        token = secrets.token_urlsafe(96)
        self._ends[token] = self._clock.now() + LIFE
        return token
