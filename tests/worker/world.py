"""Followers, WeChat and the worker's processes on the stage; what followers read is written down.

WeChat and the model are scripted; everything from the webhook's door to the send is ours.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import itertools
import json
import re
import time
from typing import Any

from app import create_app
from contract.connection import connect
from contract.job import ImageJob, picture_queue
from contract.mailbox import Mailbox
from contract.outcome import Outcome, SendClaim
from contract.settings import Settings
from labels import phrase
from simulator.account import Account
from simulator.courier import Courier
from tests.conftest import APP_ID, APP_SECRET
from tests.worker.process import Claims, Process
from tests.worker.script import Script
from tests.worker.stage import Actor, Time, staged
from worker.__main__ import build
from worker.recovery import bury

_NUMBERED = re.compile(phrase("zh", "numbered", number=0, answer="").replace("0", r"(\d+)"))
_LATE = 20  # seconds that a reply waits for its turn
_LONG = 9  # seconds for which a live worker stays within one step
_ROUNDS = 40  # until all is settled, of five seconds each


class World:
    """Everything, in one Redis."""

    def __init__(self, settings: Settings, clock: Time, picture: bytes) -> None:
        self.redis = connect(settings)  # for looking on
        self.redis.flushdb()
        self.clock, self._settings = clock, settings
        clock.sleep = lambda _seconds: self.pass_time(2.5)
        self._numbers = itertools.count(1)
        self.doubtful = set[str]()  # something broke while somebody had the claim
        self.script = Script(picture, self.push, self.doubtful.add)
        connection = staged(connect(settings))
        self.queue = picture_queue(connection)
        built = build(settings, connection)
        self.services = dataclasses.replace(
            built,
            claim=Claims(connection),
            wechat=self.script,  # type: ignore[arg-type]
            post=dataclasses.replace(built.post, wechat=self.script),  # type: ignore[arg-type]
            classifier=self.script,  # type: ignore[arg-type]
            answerer=self.script,  # type: ignore[arg-type]
        )
        self._webhook = create_app(settings, connection)
        self._courier = Courier(Account(APP_ID, APP_SECRET), settings, "")
        self.processes = [self._process(), self._process()]
        self.messages = dict[str, dict[str, str]]()  # by the id of their job
        self.accepted = set[str]()  # WeChat was told "success"
        self.pushed = list[tuple[str, str, str]]()  # job, OpenID, text
        self.shown = collections.defaultdict[str, dict[str, str]](dict)  # OpenID, MsgId -> reply
        self.outcomes = dict[str, str]()
        self.wrong = list[str]()  # what must never be

    # Followers

    def write(self, openid: str, *, question: bool) -> str:
        """Have a follower write, not delivered yet; return the id of the job."""
        number = str(next(self._numbers))
        what = {"MsgType": "image", "MediaId": f"m{number}", "PicUrl": ""}
        asked = {"MsgType": "text", "Content": f"m{number}?"}
        message = self._from(openid) | {"MsgId": number} | (asked if question else what)
        self.script.gone.discard(openid)
        self.messages[job_id(message)] = message
        return job_id(message)

    def deliver(self, job: str) -> Actor:
        """Return a delivery of that message, about to begin."""
        return Actor(functools.partial(self._deliver, self.messages[job]))

    def may_repeat(self, job: str) -> bool:
        """Return whether WeChat may still deliver it again, and a repeat is known as one."""
        gone = self.messages[job]["FromUserName"] in self.script.gone
        return not gone and self.redis.exists(f"rq:job:{job}") == 1

    def leave(self, openid: str) -> None:
        """Have a follower leave, which WeChat tells until it is heard."""
        self.script.gone.add(openid)
        event = self._from(openid) | {"MsgType": "event", "Event": "unsubscribe"}
        Actor(lambda: self._post(event)).finish()

    def _from(self, openid: str) -> dict[str, str]:
        now = str(int(time.time()))
        return {"ToUserName": "gh_0123456789ab", "FromUserName": openid, "CreateTime": now}

    def _deliver(self, message: dict[str, str]) -> None:
        words = self._post(message)
        self.accepted.add(job_id(message))
        if words:
            self.shown[message["FromUserName"]][message["MsgId"]] = words

    def _post(self, push: dict[str, str]) -> str:
        query, body = self._courier.seal(push)
        answer = self._webhook.test_client().post("/wechat", query_string=query, data=body)
        return self._courier.open(answer.text)["Content"] if answer.text != "success" else ""

    def about(self, openid: str) -> list[bytes]:
        """Return the keys of what is kept of a follower, but for that they have left."""
        keys = self.redis.scan_iter(f"kantu:*:{self.services.followers.alias(openid)}*")
        return [key for key in keys if not key.startswith(b"kantu:left:")]

    # WeChat

    def push(self, job: str, openid: str, text: str) -> None:
        """Write down what a follower reads, and what is wrong with it."""
        if any(job == before for before, _, _ in self.pushed):
            self.wrong.append(f"{job} is answered twice")
        self._check_place(job, openid, text)
        self.pushed.append((job, openid, text))

    def _check_place(self, job: str, openid: str, text: str) -> None:
        turns = self.services.turns._keys(openid)[0]
        found: Any = self.redis.lrange(turns, 0, -1)
        line = list(dict.fromkeys(each.decode() for each in found))
        mine = [each for each in line if each.endswith(job)]
        if not mine:
            return
        before = line[: line.index(mine[0])]
        place = sum(each.startswith("picture:") for each in [*before, mine[0]])
        numbered = _NUMBERED.match(text)
        number = int(numbered[1]) if numbered else 1
        if mine[0].startswith("picture:") and number != place:
            self.wrong.append(f"{job} is numbered {number}, but has place {place}")
        open_before = [each for each in before if self._is_open(each.partition(":")[2])]
        if open_before and not self._may_be_late(job):
            self.wrong.append(f"{job} is sent before {open_before[0]}")

    def _is_open(self, job: str) -> bool:
        pushed = any(job == each for each, _, _ in self.pushed)
        return self.redis.exists(f"rq:job:{job}") == 1 and not self.outcome(job) and not pushed

    def _may_be_late(self, job: str) -> bool:
        failed = self.redis.zscore("rq:failed:pictures", job) is not None
        waits = self.redis.zscore("kantu:waiting", job)
        return failed or (waits is not None and self.clock.time() - float(waits) >= _LATE)

    # What happens

    def pass_time(self, seconds: float) -> None:
        """Let time pass; who is alive gives signs of it, and gets on in a longer time."""
        for process in self.processes:
            if not process.silent and seconds > _LONG:
                for acting in process.live():
                    acting.finish()
        self.doubt(self.processes, at_least=seconds >= _LONG)
        self.look_on()  # some of it will be gone
        self.clock.pass_in(self.redis, seconds)
        for process in self.processes:
            if not process.silent:
                process.worker._beat()

    def kill(self, process: Process, *, seen: bool) -> None:
        """Have a process die, and another take its place; seen: its parent gives its jobs back."""
        self.doubt([process])
        for acting in process.live():
            acting.kill()
        self.processes[self.processes.index(process)] = self._process()
        if seen:
            bury(picture_queue(self.redis), process.name)

    def doubt(self, processes: list[Process], *, at_least: bool = True) -> None:
        """Note whose sends something happens to."""
        held = {each.holding for process in processes for each in process.live() if each.holding}
        if at_least:
            self.doubtful |= {each for each in held if not self.outcome(each)}

    def outcome(self, job: str) -> str:
        """Return the outcome of a message; empty for none yet."""
        found = SendClaim(self.redis).look(job)
        return str(found) if isinstance(found, Outcome) else self.noted_outcome(job)

    def noted_outcome(self, job: str) -> str:
        """Return the outcome where everybody looks for it; an attempt that overlaps may hide it."""
        meta: Any = self.redis.hget(f"rq:job:{job}", "meta")
        return str(json.loads(meta).get("outcome", "")) if meta else ""

    def look_on(self) -> None:
        """Write down outcomes, and what is wrong with them."""
        for job in self.messages:
            known, found = self.outcomes.get(job, ""), self.outcome(job)
            # Who stood still inside a send for so long that it was called unknown knows better.
            late = known == Outcome.UNKNOWN and job in self.doubtful
            if found and known and found != known and not late:
                self.wrong.append(f"{job} was {known} and is {found}")
            there = self.redis.exists(f"rq:job:{job}")
            if known and not found and there:
                self.wrong.append(f"{job} was {known} and is open again")
            if job in self.accepted and not known and not there:
                self.wrong.append(f"{job} is lost")
            if found:
                self.outcomes[job] = found

    def heal(self) -> None:
        """Let everything end well, for as long as it takes, and followers read their mail."""
        self.script.wechat = self.script.model = "well"
        for process in self.processes:
            process.silent = False
        for job in self.messages.keys() - self.accepted:
            self.deliver(job).finish()  # WeChat tries again what was not accepted
        for _ in range(_ROUNDS):
            self._work_off()
            self.look_on()
            if all(self.is_settled(job) for job in self.messages):
                break
            self.pass_time(5)
        for openid in {message["FromUserName"] for message in self.messages.values()}:
            self._read_mail(openid)

    def is_settled(self, job: str) -> bool:
        """Return whether a message has its outcome, there where everybody looks for it."""
        gone = self.redis.exists(f"rq:job:{job}") == 0
        return job in self.outcomes and (gone or self.noted_outcome(job) == self.outcomes[job])

    def _work_off(self) -> None:
        for process in self.processes:
            for acting in process.live():
                acting.finish()
            process.begin("upkeep").finish()
            process.begin("job").finish()

    def _read_mail(self, openid: str) -> None:
        mailbox = Mailbox(self.redis, self.services.followers)
        while words := mailbox.take(openid, str(number := next(self._numbers))):
            self.shown[openid][str(number)] = words

    def _process(self) -> Process:
        return Process(self.queue, self.services, f"process-{next(self._numbers)}")

    def close(self) -> None:
        """End what is under way."""
        for process in self.processes:
            for acting in process.live():
                acting.kill()
        self.redis.close()
        self.queue.connection.close()


def job_id(message: dict[str, str]) -> str:
    """Return the id of the job for a message."""
    return ImageJob(
        follower=message["FromUserName"], message_id=message["MsgId"],
        created=int(message["CreateTime"]), received=0, language="zh",
    ).id  # fmt: skip
