"""The product against a WeChat and a model server that do as the test says.

Redis, the webhook and the worker are real programs; WeChat is the simulator's own account, in this
process, so that a test can break it in the middle of a call; what followers read is the judge.
"""

from __future__ import annotations

import collections
import contextlib
import http.server
import io
import itertools
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import redis
from PIL import Image
from rq.job import Job

from contract.job import picture_queue
from simulator import programs
from simulator.courier import Courier
from simulator.followers import MESSAGE_ALLOWS, Follower
from simulator.house import Program, free_port
from tests.conftest import (
    AES_KEY,
    APP_ID,
    APP_SECRET,
    TOKEN,
    WeChatServer,
    encode,
    make_settings,
    until,
)

ANSWER = "数字 3"  # how the model's usual answer ends


class Models:
    """A model server that answers as it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.behave: Callable[[], object] = lambda: None  # may wait, or return another answer
        arena = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                arena.reply(self, _METADATA)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                arena.asked += 1
                arena.reply(self, arena.behave() or _PREDICTION)

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    @staticmethod
    def reply(handler: http.server.BaseHTTPRequestHandler, answer: object) -> None:
        """Send a status (int), bytes, or a document."""
        status = answer if isinstance(answer, int) else 200
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        with contextlib.suppress(OSError):  # the client was killed meanwhile
            handler.send_response(status)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)


def _signature(inputs: dict[str, str], outputs: dict[str, tuple[str, str]]) -> dict[str, object]:
    return {
        "inputs": {name: {"dtype": dtype} for name, dtype in inputs.items()},
        "outputs": {
            name: {"dtype": dtype, "tensor_shape": {"dim": [{"size": "-1"}, {"size": size}]}}
            for name, (dtype, size) in outputs.items()
        },
    }


_PICTURE = {"image": "DT_STRING"}
_METADATA = {
    "model_spec": {"name": "demo", "version": "1"},
    "metadata": {
        "signature_def": {
            "signature_def": {
                "top5": _signature(
                    _PICTURE, {"scores": ("DT_FLOAT", "5"), "classes": ("DT_INT64", "5")}
                ),
                "serving_default": _signature(_PICTURE, {"probabilities": ("DT_FLOAT", "12")}),
            }
        }
    },
}
_PREDICTION = {
    "predictions": [{"scores": [0.96, 0.01, 0.01, 0.01, 0.01], "classes": [3, 1, 2, 4, 5]}]
}


class Arena:
    """All parts, followers who send pictures, and what became of these."""

    def __init__(self, folder: Path, wechat: WeChatServer, picture: bytes) -> None:
        self.models, self.wechat, self.account = Models(), wechat, wechat.account
        self._picture = Image.open(io.BytesIO(picture)).convert("RGB")
        self._numbers = itertools.count(1)
        self._sent = dict[str, list[float]]()  # OpenID -> when each message was sent
        port, store = free_port(), free_port()
        self.environment = {
            "WECHAT_TOKEN": TOKEN, "WECHAT_APP_ID": APP_ID, "WECHAT_APP_SECRET": APP_SECRET,
            "WECHAT_AES_KEY": AES_KEY, "WECHAT_API_URL": wechat.url, "KANTU_ENV_FILE": "",
            "REDIS_URL": f"redis://127.0.0.1:{store}/0", "SERVING_URL": self.models.url,
            "WORKER_THREADS": "8",
        }  # fmt: skip
        self.redis_server = programs.redis_server(
            store, folder / "redis", folder / "redis.log", durable=True
        )
        self.app = programs.webhook(port, self.environment, folder / "app.log")
        self.worker = self.another_worker(folder / "worker.log")
        self.redis = redis.Redis(port=store)
        self.courier = Courier(self.account, make_settings(), f"http://127.0.0.1:{port}/wechat")

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
                until(program.ready, 30)
            yield self

    def send(self, followers: int, *, copies: int = 1) -> list[str]:
        """Have so many new followers send a picture each; return their OpenIDs."""
        openids = [f"oCHAOS{next(self._numbers):022d}" for _ in range(followers)]
        for openid in openids:
            self.account.followers[openid] = Follower(openid=openid)
            self.send_again(openid, copies=copies)
        return openids

    def send_again(self, openid: str, *, copies: int = 1) -> None:
        """Have a follower send a picture."""
        self.account.followers[openid].allow(MESSAGE_ALLOWS, self.account.clock.now())
        self._sent.setdefault(openid, []).append(self.account.clock.now())
        push = {
            "ToUserName": self.account.original_id,
            "FromUserName": openid,
            "CreateTime": str(int(time.time())),
            "MsgType": "image",
            "PicUrl": "http://mmbiz.qpic.cn/x/0",
            "MediaId": self.account.media.keep(self._another_picture()),
            "MsgId": str(10**16 + next(self._numbers)),
        }
        self.courier.carry(push, copies=copies)

    def _another_picture(self) -> bytes:
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
        queue = picture_queue(self.redis)
        ids = [key.decode().rpartition(":")[2] for key in self.redis.scan_iter("rq:job:*")]
        jobs = Job.fetch_many(ids, self.redis, serializer=queue.serializer)
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
        for pid in self.working():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
