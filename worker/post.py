"""How a reply goes out: pushed, with what the follower may choose below it; or into the mailbox.

It goes into the mailbox where a request of WeChat's is held open for it (contract.hold), where the
account's way is passive, and where WeChat would not take it.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence

import redis

from contract.choices import Choice, Offer, Offers
from contract.follower import Followers
from contract.hold import Holds
from contract.job import ImageJob
from contract.mailbox import Mailbox
from contract.outcome import Outcome
from contract.quota import Quota
from contract.settings import Settings
from contract.text import LONGEST, split
from labels import phrase
from worker.errors import (
    AnswerError,
    RedisAway,
    SendBroken,
    WeChatClosed,
    WeChatParked,
    WeChatRefused,
)
from worker.insistence import insist
from worker.wechat import WeChat

logger = logging.getLogger(__name__)
_NO_PUSHES_LEFT = 45047
_NO_MENUS = 40200  # what a test account (测试号) is told of a msgmenu


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What to tell the follower."""

    text: str
    outcome: Outcome  # of the message, once that is done
    model: str = ""  # that found it; empty for an apology
    label: str = ""  # the class that it names, or what else may be judged; empty for nothing
    questions: Sequence[str] = ()  # that may be asked next
    media_id: str = ""  # of a picture that goes along, if there is one


class Held(WeChatClosed):
    """A request of WeChat's waits for the reply; it takes it out of the mailbox."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """The ways from a reply to its follower."""

    settings: Settings
    wechat: WeChat
    followers: Followers
    mailbox: Mailbox
    quota: Quota
    offers: Offers
    holds: Holds

    def closed(self) -> WeChatClosed | None:
        """See to it that replies may be pushed; return why they go into the mailbox for hours.

        Raises WeChatUnavailable.
        """
        if self.settings.wechat_reply == "passive":
            return Held("replies are passive")
        try:
            self.wechat.sign_in()
        except WeChatClosed as error:
            return error
        return None

    def push(self, message: ImageJob, reply: Reply) -> None:
        """Send it; raise as WeChat.send_text(), WeChatParked or Held for the mailbox, RedisAway."""
        follower = message.follower
        first, *rest = split(reply.text)
        offer = self._prepare(message, reply)
        try:
            self._send(message, first, offer)
        except (WeChatRefused, WeChatClosed) as error:
            parked, had_offer = isinstance(error, WeChatParked), offer is not None
            insist(lambda: self._note_refusal(message, parked=parked, had_offer=had_offer))
            raise
        for number, part in enumerate(rest, 1):
            self.mailbox.put(follower, f"{message.id}:{number}", message.received, part)

    def _prepare(self, message: ImageJob, reply: Reply) -> Offer | None:
        """See that it may be pushed, and put up what may be chosen below it."""
        try:
            if self.settings.wechat_reply == "hybrid" and self.holds.take(message.id):
                raise Held("WeChat's request waits for it")
            if not self.quota.spend(message.follower):
                raise WeChatParked(_NO_PUSHES_LEFT, "by our own count")
            return self._offer(message, reply)
        except (redis.ConnectionError, redis.TimeoutError) as error:
            raise RedisAway(f"before the send: {type(error).__name__}") from None

    def _note_refusal(self, message: ImageJob, *, parked: bool, had_offer: bool) -> None:
        if parked:
            self.quota.exhaust(message.follower)
        if had_offer:  # nobody has seen it, so a number would mean nothing
            self.offers.forget(message.follower)
        self._forget_who_left(message)

    def send_picture(self, message: ImageJob, reply: Reply) -> None:
        """Send the picture that goes along with a reply that was pushed, if it may; it is extra."""
        if not reply.media_id or not self.quota.spend(message.follower):
            return
        try:
            self.wechat.send_picture(message.follower, reply.media_id)
        except WeChatParked as error:
            self.quota.exhaust(message.follower)
            logger.warning("a picture was not sent along: %s", error)
        except (AnswerError, SendBroken) as error:
            logger.warning("a picture was not sent along: %s", error)

    def _send(self, message: ImageJob, text: str, offer: Offer | None) -> None:
        """Send it with the choices below it: numbered, where the account may not send menus."""
        try:
            self.wechat.send_text(message.follower, text, _lines(offer))
        except WeChatRefused as error:
            if not offer or error.errcode != _NO_MENUS:
                raise
            numbered = text + _numbered(offer, message)
            fits = len(numbered.encode()) <= LONGEST
            self.wechat.send_text(message.follower, numbered if fits else text)

    def park(self, message: ImageJob, reply: Reply) -> None:
        """Put it into the mailbox, and wake whoever waits for it."""
        offer = self._offer(message, reply) if self.settings.wechat_reply != "push" else None
        text = reply.text + (_numbered(offer, message) if offer else "")
        self.mailbox.put(message.follower, message.id, message.received, text)
        insist(lambda: self._forget_who_left(message))
        insist(lambda: self.holds.wake(message.id))

    def _forget_who_left(self, message: ImageJob) -> None:
        """Keep nothing of a follower who left while the reply was on its way."""
        if self.followers.has_left(message.follower, since=message.received):
            self.mailbox.withdraw(message.follower, message.id)
            self.quota.forget(message.follower)
            self.offers.forget(message.follower)

    def _offer(self, message: ImageJob, reply: Reply) -> Offer | None:
        """Put up what the follower may choose below this reply; None for nothing."""
        choices = self._choices(message, reply)
        if not choices:
            return None
        offer = Offer(
            job_id=message.id, model=reply.model, label=reply.label or "-", choices=choices
        )
        self.offers.put(message.follower, offer)
        return offer

    def _choices(self, message: ImageJob, reply: Reply) -> list[Choice]:
        if reply.outcome is not Outcome.SENT or not reply.model:
            return []
        choices = list[Choice]()
        if self.settings.feedback and reply.label:
            choices += [
                Choice(text=phrase(message.language, verdict), verdict=verdict)
                for verdict in ("right", "wrong")
            ]
        return choices + [Choice(text=each, question=each) for each in reply.questions]


def _lines(offer: Offer | None) -> list[tuple[str, str]]:
    """Return the lines of a menu message: id and text."""
    if offer is None:
        return []
    return [(offer.menu_id(number), each.text) for number, each in enumerate(offer.choices, 1)]


def _numbered(offer: Offer, message: ImageJob) -> str:
    lines = [
        phrase(message.language, "choice", number=number, text=each.text)
        for number, each in enumerate(offer.choices, 1)
    ]
    return "\n\n" + "\n".join([phrase(message.language, "choose"), *lines])
