"""Messages that go on coming, as from a busy account, and what became of each request."""

from __future__ import annotations

import collections
import contextlib
import itertools
import threading
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import requests

from simulator.courier import Courier
from tests.app.door import Door
from tests.conftest import until

_PAUSE = 0.02  # seconds between two of one thread's


class Load:
    """Threads that push texts of ever new followers, each over a connection of its own."""

    def __init__(self, wechat: Courier, url: str, verify: Path | None = None) -> None:
        self.answers = collections.Counter[str]()  # HTTP status, or the name of an error
        self._wechat, self._url, self._verify = wechat, url, str(verify) if verify else True
        self._numbers = itertools.count(1)
        self._ended = threading.Event()

    @contextlib.contextmanager
    def running(self, threads: int = 4) -> Iterator[Load]:
        """Push while the block runs; it begins once the first are answered."""
        workers = [threading.Thread(target=self._push, daemon=True) for _ in range(threads)]
        for worker in workers:
            worker.start()
        try:
            self.wait_for(10)
            yield self
        finally:
            self._ended.set()
            for worker in workers:
                worker.join(15)

    def wait_for(self, more: int, seconds: float = 60) -> None:
        """Wait until so many more have been answered."""
        before = self.answers.total()
        until(lambda: self.answers.total() >= before + more, seconds)

    def _push(self) -> None:
        while not self._ended.wait(_PAUSE):
            query, body = self._wechat.seal(self._text())
            try:
                # A session of its own, so that no connection is used again.
                with requests.Session() as session:
                    session.trust_env = False
                    answer = session.post(
                        self._url, params=query, data=body, timeout=10, verify=self._verify
                    )
                self.answers[str(answer.status_code)] += 1
            except requests.RequestException as error:
                self.answers[type(error).__name__] += 1

    def _text(self) -> dict[str, str]:
        number = next(self._numbers)
        return {
            "ToUserName": "gh_of_the_tests",
            "FromUserName": f"oLOAD{number:023d}",
            "CreateTime": str(int(time.time())),
            "MsgId": str(10**16 + number),
            "MsgType": "text",
            "Content": "help",
        }


def message(door: Door, number: int = 1) -> tuple[str, bytes]:
    """Return path and body of a message of WeChat's."""
    fields = {
        "ToUserName": "gh_of_the_tests", "FromUserName": f"oNGINX{number:022d}",
        "CreateTime": str(int(time.time())), "MsgId": str(10**16 + number),
        "MsgType": "text", "Content": "help",
    }  # fmt: skip
    query, body = door.wechat.seal(fields)
    return f"/wechat?{urllib.parse.urlencode(query)}", body


def pushed(door: Door, number: int) -> tuple[str, str, bytes]:
    """Return path, method and body of another."""
    path, body = message(door, 1000 + number)
    return path, "POST", body
