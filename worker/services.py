"""What a job works with; built once a process, by main()."""

from __future__ import annotations

import contextvars
import dataclasses

from contract.album import Album
from contract.follower import Followers
from contract.outcome import SendClaim
from contract.settings import Settings
from contract.talk import Talks
from contract.turns import Turns
from worker.answerer import Answerer
from worker.post import Post
from worker.telemetry import Telemetry
from worker.vision import Classifier
from worker.waiting import Waiting
from worker.wechat import WeChat


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts, put together."""

    settings: Settings
    followers: Followers
    album: Album
    talks: Talks
    claim: SendClaim
    post: Post
    turns: Turns
    waiting: Waiting
    wechat: WeChat
    classifier: Classifier
    answerer: Answerer
    telemetry: Telemetry = dataclasses.field(default_factory=Telemetry)


# RQ calls a job by its name, with the message and nothing else.
SERVICES: contextvars.ContextVar[Services] = contextvars.ContextVar("services")
