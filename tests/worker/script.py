"""WeChat and the model for plays on the stage: they do as they are told, one step at a time."""

from __future__ import annotations

from collections.abc import Callable

from labels.classes import ClassName
from tests.worker.stage import actor, pause
from worker.answerer import Answer, Source
from worker.errors import (
    ModelUnavailable,
    NotAPicture,
    SendBroken,
    WeChatClosed,
    WeChatParked,
    WeChatPaused,
    WeChatRefused,
    WeChatUnavailable,
)
from worker.scene import Scene
from worker.vision import Guess

WECHAT = (
    *("well", "busy", "paused", "closed", "refuses", "parks"),
    *("breaks before", "breaks after"),
)
MODEL = ("well", "away", "blind")
SEND, SENT = "WeChat takes it", "WeChat has taken it"  # two steps of an actor
_PAUSES = {"paused": WeChatPaused("for a minute"), "closed": WeChatClosed("until midnight")}
_REFUSALS = {
    "busy": WeChatUnavailable("errcode -1"),
    "refuses": WeChatRefused(45002),
    "parks": WeChatParked(45047),
}
Push = Callable[[str, str, str], None]  # job, OpenID, text


class Script:
    """What WeChat and the model do; stands for both in the worker's services."""

    def __init__(self, picture: bytes, push: Push, broken: Callable[[str], None]) -> None:
        self._picture = picture
        self._push = push  # told of what a follower reads
        self._broken = broken  # told the job of a send that breaks
        self.wechat, self.model = "well", "well"
        self.gone = set[str]()  # followers who have left

    def sign_in(self) -> None:
        """See whether messages may go."""
        pause()
        if error := _PAUSES.get(self.wechat):
            raise error

    def send_text(self, openid: str, text: str, _lines: object = ()) -> None:
        """Take a message, refuse it, or break."""
        pause(SEND)
        self._refuse(openid)
        acting = actor()
        job = acting.holding if acting else ""
        if self.wechat != "breaks before":
            self._push(job, openid, text)
            pause(SENT)
        if self.wechat in {"breaks before", "breaks after"}:
            self._broken(job)
            raise SendBroken("no word")

    def _refuse(self, openid: str) -> None:
        if openid in self.gone:
            raise WeChatParked(45015)
        if error := _REFUSALS.get(self.wechat):
            raise error

    def fetch_picture(self, media_id: str, _url: str) -> bytes:
        """Return the picture, and remember who looks at which."""
        pause()
        if acting := actor():
            acting.looking_at = media_id
        if self.model == "blind":
            raise NotAPicture("something else")
        return self._picture

    def classify(self, _picture: bytes) -> list[Guess]:
        """Say of each picture its own name."""
        if self.model == "away":
            raise ModelUnavailable("away")
        acting = actor()
        name = acting.looking_at if acting else ""
        return [Guess(name=ClassName(english=name, chinese=name), probability=0.9)]

    def describe(self, _picture: bytes) -> Scene:
        """See no shapes."""
        return []

    def ask(self, _picture: bytes, question: str, _earlier: object = ()) -> Answer:
        """Answer a question by itself."""
        if self.model == "away":
            raise ModelUnavailable("away")
        return Answer(source=Source.MODEL, text=question)
