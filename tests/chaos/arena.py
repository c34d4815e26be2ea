"""The product against a WeChat and a model server that do as the test says.

Redis, the webhook and the worker are real programs; WeChat is the simulator's own account, in this
process, so that a test can break it in the middle of a call; what followers read is the judge.
"""

from __future__ import annotations

import collections
import contextlib
import io
import itertools
import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import redis
from PIL import Image
from rq.job import Job
from rq.serializers import JSONSerializer

from contract.follower import Followers
from contract.job import picture_queue
from contract.settings import NO_MODEL
from launch import programs
from launch.supervisor import Program, free_port
from simulator.courier import Courier
from simulator.followers import MESSAGE_ALLOWS, Follower
from tests.chaos.models import ANSWER, Models
from tests.conftest import (
    AES_KEY,
    APP_ID,
    APP_SECRET,
    TOKEN,
    WeChatServer,
    alive,
    encode,
    make_settings,
    until,
)

PIC_URL = "http://mmbiz.qpic.cn/x/0"


class Arena:
    """All parts, followers who send pictures, and what became of these."""

    def __init__(self, folder: Path, wechat: WeChatServer, picture: bytes, **settings: str) -> None:
        self.models, self.wechat, self.account = Models(), wechat, wechat.account
        self._picture = Image.open(io.BytesIO(picture)).convert("RGB")
        self._numbers = itertools.count(1)
        self._last = dict[str, dict[str, str]]()  # OpenID -> the push that was sent last
        self.figures = ""  # what else is worth telling in the report
        self.broken = set[str]()  # jobs whose send was broken off by what the test did
        self._sent = dict[str, list[float]]()  # OpenID -> when each message was sent
        port, store = free_port(), free_port()
        self.environment = {
            "WECHAT_TOKEN": TOKEN, "WECHAT_APP_ID": APP_ID, "WECHAT_APP_SECRET": APP_SECRET,
            "WECHAT_AES_KEY": AES_KEY, "WECHAT_API_URL": wechat.url, "KANTU_ENV_FILE": "",
            "REDIS_URL": f"redis://127.0.0.1:{store}/0", "SERVING_URL": self.models.url,
            "WORKER_THREADS": "8", "VQA_MODEL": NO_MODEL, **settings,
        }  # fmt: skip
        self.redis_server = programs.redis_server(
            store, folder / "redis", folder / "redis.log", durable=True
        )
        self.app = programs.webhook(port, self.environment, folder / "app.log")
        self.webhook = f"http://127.0.0.1:{port}/wechat"
        self.worker = self.another_worker(folder / "worker.log")
        self.redis = redis.Redis(port=store)
        self.courier = Courier(self.account, make_settings(), self.webhook)

    def another_worker(self, log: Path) -> Program:
        """Return one more worker, not started."""
        return programs.worker(self.environment, self.environment["REDIS_URL"], log)

    @contextlib.contextmanager
    def open(self) -> Iterator[Arena]:
        """Start everything; end it with the block."""
        with contextlib.ExitStack() as stack:
            for program in (self.redis_server, self.app, self.worker):
                program.start()
                stack.callback(program.end)
                until(program.ready)
            yield self

    def send(
        self, followers: int, *, copies: int = 1, picture: bytes | None = None, url: str = PIC_URL
    ) -> list[str]:
        """Have so many new followers send a picture each; return their OpenIDs."""
        openids = [f"oCHAOS{next(self._numbers):022d}" for _ in range(followers)]
        for openid in openids:
            self.account.followers[openid] = Follower(openid=openid)
            self.send_again(openid, copies=copies, picture=picture, url=url)
        return openids

    def send_again(
        self, openid: str, *, copies: int = 1, picture: bytes | None = None, url: str = PIC_URL
    ) -> None:
        """Have a follower send a picture: one that no cache has seen, or the one given."""
        self.account.followers[openid].allow(MESSAGE_ALLOWS, self.account.clock.now())
        self._sent.setdefault(openid, []).append(self.account.clock.now())
        data = self.another_picture() if picture is None else picture
        media_id = self.account.media.keep(data)
        push = self.push(openid, MsgType="image", PicUrl=url, MediaId=media_id)
        self._last[openid] = push
        self.courier.carry(push, copies=copies)

    def say(self, openid: str, text: str) -> None:
        """Have a follower send a text."""
        self.account.followers[openid].allow(MESSAGE_ALLOWS, self.account.clock.now())
        self.courier.carry(self.push(openid, MsgType="text", Content=text))

    def push(self, openid: str, **fields: str) -> dict[str, str]:
        """Return a message of a follower as WeChat puts it."""
        return {
            "ToUserName": self.account.original_id,
            "FromUserName": openid,
            "CreateTime": str(int(time.time())),
            "MsgId": str(10**16 + next(self._numbers)),
            **fields,
        }

    def repeat(self, openid: str) -> None:
        """Deliver a follower's last message once more."""
        self.courier.carry(self._last[openid])

    def leave(self, openid: str) -> None:
        """Have a follower leave; return when the webhook has heard of it."""
        self.account.followers[openid].follows = False
        before = len(self.deliveries())
        self.courier.carry(self.push(openid, MsgType="event", Event="unsubscribe"))
        until(lambda: len(self.deliveries()) > before)

    def kept_of(self, openid: str) -> list[bytes]:
        """Return the keys about a follower, but for that they have left."""
        alias = Followers(make_settings(), self.redis).alias(openid)
        keys = self.redis.scan_iter(f"kantu:*:{alias}*")
        return [key for key in keys if not key.startswith(b"kantu:left:")]

    def deliveries(self) -> list[dict[str, Any]]:
        """Return WeChat's tries to deliver a message, as its transcript has them."""
        return [each for each in self.account.transcript.since(0) if each["kind"] == "delivery"]

    def calls(self, path: str) -> int:
        """Return how often that path of WeChat's API was asked for."""
        return self.wechat.requests.count(f"/cgi-bin/{path}")

    def another_picture(self) -> bytes:
        """Return a picture that no cache has seen."""
        number = next(self._numbers)
        picture = self._picture.copy()
        picture.paste((number * 37 % 256, number * 91 % 256, number * 53 % 256), (0, 0, 48, 48))
        return encode(picture)

    def read(self, openid: str) -> list[str]:
        """Return what a follower has read."""
        return [text for _, text in self._reading().get(openid, [])]

    def _reading(self) -> dict[str, list[tuple[float, str]]]:
        reading = dict[str, list[tuple[float, str]]]()
        for entry in self.account.transcript.since(0):
            if entry["kind"] == "answer":
                reading.setdefault(entry["follower"], []).append((entry["at"], entry["text"]))
        return reading

    def doubled(self) -> int:
        """Return how many followers read more answers than they sent pictures."""
        return sum(
            sum(text.endswith(ANSWER) and "（" not in text for _, text in texts)
            > len(self._sent[openid])
            for openid, texts in self._reading().items()
        )

    def waited(self) -> float:
        """Return the seconds after which the last follower had something to read."""
        reading = self._reading()
        return max(
            (
                reading[openid][0][0] - sent[0]
                for openid, sent in self._sent.items()
                if openid in reading
            ),
            default=0.0,
        )

    def wait_for_answers(self, openids: Sequence[str], seconds: float = 60) -> float:
        """Wait until each follower has read something; return how long it took."""
        started = time.monotonic()
        until(lambda: self._reading().keys() >= set(openids), seconds)
        return time.monotonic() - started

    def outcomes(self) -> collections.Counter[str]:
        """Return how many messages had which outcome; "none" for those without."""
        return self.outcomes_in(self.redis)

    def outcomes_in(self, connection: redis.Redis) -> collections.Counter[str]:
        """Return the same of another Redis."""
        queue = picture_queue(connection)
        ids = [key.decode().rpartition(":")[2] for key in connection.scan_iter("rq:job:*")]
        jobs = Job.fetch_many(ids, connection, serializer=queue.serializer)
        return collections.Counter(job.meta.get("outcome", "none") for job in jobs if job)

    def settle(self, seconds: float = 60) -> collections.Counter[str]:
        """Wait until every accepted message has its outcome; return them."""

        def settled() -> bool:
            found = self.outcomes()
            return bool(found) and not found["none"]

        until(settled, seconds)
        return self.outcomes()

    def working(self) -> list[int]:
        """Return the processes that run jobs."""
        parent = self.worker.process.pid if self.worker.process else 0
        return [
            int(each) for each in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        ]

    def kill_working(self) -> None:
        """Kill the processes that run jobs, as the kernel does when memory is short."""
        pids = self.working()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        until(lambda: not any(alive(pid) for pid in pids))
        self.note_broken_sends()

    def note_broken_sends(self) -> None:
        """Note which replies are claimed and have no outcome, now that something broke."""
        claimed = [key.decode().rpartition(":")[2] for key in self.redis.scan_iter("kantu:sent:*")]
        jobs = Job.fetch_many(claimed, self.redis, serializer=JSONSerializer) if claimed else []
        self.broken |= {job.id for job in jobs if job and "outcome" not in job.meta}
