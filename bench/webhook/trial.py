"""One webhook with a Redis to itself: started, warmed, measured under load and at a fixed rate."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlencode

import redis

from bench import process
from bench.database import count
from bench.harness import BenchError
from bench.settings import settings_of
from bench.webhook import knock
from bench.webhook.lineup import Entry
from contract.settings import Settings
from launch.supervisor import ROOT, free_port
from simulator.account import Account
from simulator.courier import Courier
from simulator.demo import account_settings

CONNECTIONS, RATE = 16, 300  # requests a second
_WARM, _LOADED, _PACED = 400, 2400, 1200  # requests; fewer than our longest queue
_NOWHERE = 9  # a port where nobody listens


def measure(entry: Entry, port: int) -> dict[str, float]:
    """Return all that is measured of a webhook; raise BenchError."""
    with started(entry, port) as trial:
        return {**trial.load(CONNECTIONS), **trial.pace()}


@contextmanager
def started(entry: Entry, port: int) -> Iterator[Trial]:
    """Start it, warm it up and end it again; its Redis is emptied first. Raises BenchError."""
    client = redis.Redis(port=port)
    client.flushall()
    ports = {"redis": port, "serving": _NOWHERE, "simulator": _NOWHERE}
    environment = {**account_settings(ports), "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        trial = Trial(entry, client, environment, Path(folder))
        trial.program.start()
        stack.callback(trial.program.end)
        process.await_ready(trial.program)
        trial.knock("warm", "closed", CONNECTIONS)
        yield trial


class Trial:
    """One webhook, and requests for it."""

    def __init__(
        self, entry: Entry, client: redis.Redis, environment: Mapping[str, str], folder: Path
    ) -> None:
        self._entry = entry
        self._redis = client
        self._port = free_port()
        self._folder = folder
        self.program = entry.program(self._port, environment, folder / "log")
        pushes = _pushes(environment, _WARM + _LOADED + _PACED)
        self._sizes = {"warm": _WARM, "loaded": _LOADED, "paced": _PACED}
        for name, size in self._sizes.items():
            (folder / name).write_bytes(knock.pack(pushes[:size]))
            del pushes[:size]

    def load(self, connections: int) -> dict[str, float]:
        """Keep so many connections busy: how many a second, and what one costs."""
        before, cpu = count(self._redis), self._cpu()
        found = self.knock("loaded", "closed", connections)
        after, used = count(self._redis), self._cpu() - cpu
        return {
            "rate": _LOADED / found["seconds"],
            "cpu": 1e6 * used / _LOADED,
            "commands": (after.commands - before.commands) / _LOADED,
            "trips": (after.reads - before.reads) / _LOADED,
            "client_cpu": found["client_cpu"],
        }

    def pace(self) -> dict[str, float]:
        """Send at a fixed rate: how long an answer takes."""
        found = self.knock("paced", "open", RATE)
        return {"p50": found["p50"], "p99": found["p99"]}

    def knock(self, name: str, manner: str, number: int) -> dict[str, float]:
        """Send what was prepared, from another process, and see that it was all queued."""
        if self._entry.queue:
            self._redis.delete(self._entry.queue)
        command = [
            sys.executable,
            "-m",
            "bench.webhook.knock",
            str(self._port),
            str(self._folder / name),
        ]
        done = subprocess.run(  # noqa: S603  # our own program
            [*command, manner, str(number)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise self._error(f"did not answer: {done.stderr[-500:]}")
        waiting = self._redis.llen(self._entry.queue) if self._entry.queue else self._sizes[name]
        if waiting != self._sizes[name]:
            raise self._error(f"{waiting} messages are queued; expected {self._sizes[name]}")
        found: dict[str, float] = json.loads(done.stdout)
        return found

    def _error(self, what: str) -> BenchError:
        return BenchError(f"{self._entry.name}: {what}\n{self.program.last_words()}")

    def _cpu(self) -> float:
        return process.cpu(process.session(self.program))


def _pushes(environment: Mapping[str, str], number: int) -> list[bytes]:
    """Return requests with pictures of ever new followers, as WeChat sends them."""
    account, courier = courier_of(environment, settings_of(environment))
    return [request(*courier.seal(push(account, each))) for each in range(number)]


def courier_of(environment: Mapping[str, str], settings: Settings) -> tuple[Account, Courier]:
    """Return the account and WeChat's courier, for sealing only."""
    account = Account(environment["WECHAT_APP_ID"], environment["WECHAT_APP_SECRET"])
    return account, Courier(account, settings, "http://127.0.0.1/wechat")


def push(account: Account, number: int) -> dict[str, str]:
    """Return a picture's push; numbers tell followers and messages apart."""
    return {
        "ToUserName": account.original_id, "FromUserName": f"oBENCH{number:022d}",
        "CreateTime": str(int(time.time())), "MsgId": str(24 * 10**15 + number),
        "MsgType": "image", "PicUrl": "http://mmbiz.qpic.cn/mmbiz_jpg/" + "p" * 80 + "/0",
        "MediaId": f"{number:064d}",
    }  # fmt: skip


def request(query: Mapping[str, str], body: bytes) -> bytes:
    """Return a push as HTTP."""
    lines: Sequence[str] = (
        f"POST /wechat?{urlencode(query)} HTTP/1.1", "Host: 127.0.0.1", "Accept: */*",
        "User-Agent: Mozilla/4.0", "Pragma: no-cache", "Content-Type: text/xml",
        f"Content-Length: {len(body)}", "", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode() + body
