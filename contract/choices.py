"""What a follower may choose below an answer: was it right? or a next question.

In a menu of WeChat's (msgmenu) each choice carries its id; where the account may not send those,
choices are numbered, and a number means the newest: each follower has one list at a time.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

import redis
from redis.client import Pipeline

from contract.follower import Followers

_TTL = 600  # seconds; then a number is a text like any other


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One line of the list."""

    text: str  # as the follower reads it
    verdict: str = ""  # "right" or "wrong"
    question: str = ""  # to be asked next


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The choices below one answer."""

    job_id: str
    model: str
    label: str  # the class that was answered; empty for an answer to a question
    choices: Sequence[Choice]

    def menu_id(self, number: int) -> str:
        """Return the id of a choice, from 1, as it comes back from WeChat's menu."""
        return f"{self.job_id[:12]}:{number}"

    def choose(self, text: str, menu_id: str) -> Choice | None:
        """Return what a follower chose, by the menu's id or by its number; None for none of it."""
        for number, choice in enumerate(self.choices, 1):
            if menu_id == self.menu_id(number) or (not menu_id and text.strip() == str(number)):
                return choice
        return None


class Offers:
    """The newest offer of each follower."""

    def __init__(self, connection: redis.Redis, followers: Followers) -> None:
        self._redis = connection
        self._followers = followers

    def put(self, openid: str, offer: Offer) -> None:
        """Remember what was offered, in place of what was before."""
        self._redis.set(self._key(openid), json.dumps(dataclasses.asdict(offer)), ex=_TTL)

    def look(self, pipeline: Pipeline, openid: str) -> None:
        """Have a pipeline find the offer, for as_offer() to understand."""
        pipeline.get(self._key(openid))

    @staticmethod
    def as_offer(found: object) -> Offer | None:
        """Return the offer that was found."""
        if not isinstance(found, bytes):
            return None
        fields = json.loads(found)
        choices = [Choice(**each) for each in fields.pop("choices")]
        return Offer(choices=choices, **fields)

    def withdraw(self, openid: str) -> bool:
        """Forget the offer; return whether there was one, so that it is taken up only once."""
        return bool(self._redis.delete(self._key(openid)))

    def forget(self, openid: str) -> None:
        """Delete what is remembered of a follower."""
        self.withdraw(openid)

    def _key(self, openid: str) -> str:
        return f"kantu:offer:{self._followers.alias(openid)}"
