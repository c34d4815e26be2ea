"""Followers, and how often the account may write to each.

A message allows five customer-service messages within 48 hours; a follow, a scanned code or a menu
click allows three within a minute.
"""

from __future__ import annotations

import dataclasses
import secrets

from simulator.errors import ApiError

MESSAGE_ALLOWS = (5, 48 * 3600)  # messages, seconds
EVENT_ALLOWS = (3, 60)
_TYPING_WINDOW = 30  # seconds since the follower's last word


@dataclasses.dataclass(slots=True)
class Allowance:
    """What is left of one permission to write."""

    left: int
    until: float


@dataclasses.dataclass(slots=True, kw_only=True)
class Follower:
    """One of the account's followers."""

    openid: str
    follows: bool = True
    spoke: float = 0.0  # seconds since 1970
    typing_until: float = 0.0
    allowances: list[Allowance] = dataclasses.field(default_factory=list)

    def allow(self, kind: tuple[int, int], now: float) -> None:
        """Take note that the follower did something that the account may answer."""
        messages, seconds = kind
        self.allowances.append(Allowance(messages, now + seconds))
        self.spoke = now

    def spend(self, now: float) -> None:
        """Take one message off what is allowed; raise ApiError where nothing is."""
        if not self.follows:
            raise ApiError(43004)
        self.allowances = [each for each in self.allowances if each.until > now]
        if not self.allowances:
            raise ApiError(45015)
        for allowance in self.allowances:
            if allowance.left > 0:
                allowance.left -= 1
                return
        raise ApiError(45047)

    def type_at(self, command: str, now: float) -> None:
        """Show or hide "typing…"; raise ApiError."""
        if command not in {"Typing", "CancelTyping"}:
            raise ApiError(45072)
        if now - self.spoke > _TYPING_WINDOW:
            raise ApiError(45080)
        if command == "Typing" and self.typing_until > now:
            raise ApiError(45081)
        self.typing_until = now + 15 if command == "Typing" else 0.0


def new_openid() -> str:
    """Return an OpenID of WeChat's form: 28 characters, the first an o."""
    return "o" + secrets.token_hex(14)[:27]
