"""What the webhook works with; all of it is Redis."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from rq import Queue

from app.feedback import Feedback
from app.holding import Holding
from app.limits import Limits
from contract.album import Album
from contract.bundle import Bundles
from contract.choices import Offers
from contract.follower import Followers
from contract.hold import Holds
from contract.mailbox import Mailbox
from contract.quota import Quota
from contract.settings import Settings
from contract.talk import Talks
from contract.traces import Traces
from contract.turns import Turns
from contract.way import Ways


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts, put together by app.create_app()."""

    settings: Settings
    bundles: Bundles
    queue: Queue
    followers: Followers
    turns: Turns
    mailbox: Mailbox
    album: Album
    talks: Talks
    quota: Quota
    offers: Offers
    traces: Traces
    ways: Ways
    holds: Holds
    holding: Holding
    limits: Limits
    feedback: Feedback
    clock: Callable[[], float]

    def forget(self, openid: str) -> None:
        """Delete everything about a follower."""
        # First that they have left: the worker looks at that after it has kept something.
        for part in (
            self.followers, self.traces, self.album, self.talks, self.turns, self.mailbox,
            self.quota, self.offers, self.limits,
        ):  # fmt: skip
            part.forget(openid)
