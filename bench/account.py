"""One account at work: every program of the product, and WeChat in this process, which counts."""

from __future__ import annotations

import collections
import contextlib
import io
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import flask
import redis
import werkzeug.serving
from PIL import Image

from bench import process
from bench.harness import BenchError
from bench.serving import picture as serving_picture
from bench.settings import settings_of
from launch import programs
from launch.supervisor import Program, free_port
from simulator.account import Account
from simulator.api import api
from simulator.courier import Courier
from simulator.demo import account_settings
from simulator.followers import MESSAGE_ALLOWS, Follower

PICTURE = (1080, 1440, 180_000)  # width, height, bytes at most
MODELS = ("demo", "vqa")  # as a newcomer has them
_PATIENCE = 120.0  # seconds


class AccountAtWork:
    """Everything on this machine; messages of ever new followers, and when each was answered."""

    def __init__(self, folder: Path) -> None:
        self._image = Image.open(io.BytesIO(serving_picture.jpeg(*PICTURE))).convert("RGB")
        self._quality = _quality(self._image)
        self.bytes = collections.Counter[str]()  # of WeChat's API: path -> bytes in and out
        names = ("redis", "serving", "app", "simulator")
        ports = {name: free_port() for name in names}
        environment = {**account_settings(ports), "VQA_MODEL": MODELS[1]}
        self.account = Account(environment["WECHAT_APP_ID"], environment["WECHAT_APP_SECRET"])
        self.redis = redis.Redis(port=ports["redis"])
        self.programs = _programs(folder, ports, environment)
        self.settings = settings_of(environment)
        webhook = f"http://127.0.0.1:{ports['app']}/wechat"
        self._courier = Courier(self.account, self.settings, webhook)
        self._numbers = itertools.count(1)
        self._seen_before = 0  # entries of the transcript
        self._server = self._wechat(ports["simulator"])

    @property
    def slots(self) -> int:
        """How many messages the worker looks at at once."""
        return self.settings.worker_processes * self.settings.worker_threads

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Start everything; end it afterwards. Raises BenchError."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        try:
            for program in self.programs.values():
                program.start()
                process.await_ready(program)
            yield
        finally:
            for program in reversed(self.programs.values()):
                program.end()
            self._server.shutdown()
            self._server.server_close()

    def prepare(self, number: int) -> list[dict[str, str]]:
        """Return messages of so many new followers, with pictures that no cache has seen."""
        return [self._prepare(each) for each in itertools.islice(self._numbers, number)]

    def _prepare(self, number: int) -> dict[str, str]:
        openid = f"oBENCH{number:022d}"
        follower = self.account.followers[openid] = Follower(openid=openid)
        follower.allow(MESSAGE_ALLOWS, self.account.clock.now())
        picture, file = self._image.copy(), io.BytesIO()
        picture.paste((number * 37 % 256, number * 91 % 256, number * 53 % 256), (0, 0, 96, 96))
        picture.save(file, "JPEG", quality=self._quality)
        return self._push(openid, number, self.account.media.keep(file.getvalue()))

    def send(self, messages: Sequence[dict[str, str]], pause: float = 0) -> dict[str, float]:
        """Send them; return OpenID -> when."""
        sent = {}
        for message in messages:
            sent[message["FromUserName"]] = self.account.clock.now()
            self._courier.carry(message)
            time.sleep(pause)
        return sent

    def delivered(self, sent: dict[str, float]) -> list[float]:
        """Return the seconds in which the webhook took each of these, once it has."""
        wait(lambda: len(self._seen("delivery", sent)) == len(sent))
        return [each["ms"] / 1000 for each in self._seen("delivery", sent)]

    def answered(self, sent: dict[str, float]) -> list[float]:
        """Return the seconds from each of these to its answer, once all are there."""
        wait(lambda: len(self._seen("answer", sent)) == len(sent))
        return [each["at"] - sent[each["follower"]] for each in self._seen("answer", sent)]

    def forget(self, messages: Sequence[dict[str, str]]) -> None:
        """Forget messages that are answered: their pictures would fill our memory."""
        self._seen_before = len(self.account.transcript.since(0))
        for message in messages:
            self.account.media.forget(message["MediaId"])
            del self.account.followers[message["FromUserName"]]

    def seal(self, message: dict[str, str]) -> tuple[dict[str, str], bytes]:
        """Return query and body of a message, as WeChat sends them."""
        return self._courier.seal(message)

    def kept(self) -> collections.Counter[str]:
        """Return the bytes in Redis: "pictures" that are kept for questions, and all the "rest"."""
        found = collections.Counter[str]()
        for key in self.redis.scan_iter("*", 1000):
            kind = "pictures" if key.count(b":") == 3 and b":pictures:" in key else "rest"
            found[kind] += int(self.redis.memory_usage(key) or 0)
        return found

    def _seen(self, kind: str, sent: dict[str, float]) -> list[dict[str, Any]]:
        entries = self.account.transcript.since(self._seen_before)
        return [each for each in entries if each["kind"] == kind and each["follower"] in sent]

    def sealed_bytes(self) -> int:
        """Return how large a message is on its way to the webhook, without HTTP's headers."""
        query, body = self._courier.seal(self._push("oBENCH" + "0" * 22, 0, "m" * 64))
        return len(body) + sum(len(name) + len(value) + 2 for name, value in query.items())

    def _push(self, openid: str, number: int, media: str) -> dict[str, str]:
        return {
            "ToUserName": self.account.original_id, "FromUserName": openid,
            "CreateTime": str(int(time.time())), "MsgId": str(10**16 + number),
            "MsgType": "image", "PicUrl": "http://mmbiz.qpic.cn/x/0", "MediaId": media,
        }  # fmt: skip

    def _wechat(self, port: int) -> werkzeug.serving.BaseWSGIServer:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        app = flask.Flask("wechat")
        app.register_blueprint(api(self.account))

        @app.after_request
        def weigh(response: flask.Response) -> flask.Response:
            asked, answer = flask.request.content_length or 0, response.content_length or 0
            self.bytes[flask.request.path] += asked + answer
            return response

        return werkzeug.serving.make_server("127.0.0.1", port, app, threaded=True)


def _quality(picture: Image.Image) -> int:
    """Return the best quality at which the picture stays within its bytes."""
    for quality in range(95, 5, -3):
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality)
        if file.tell() <= PICTURE[2]:
            return quality
    raise BenchError(f"no quality keeps the picture within {PICTURE[2]} bytes")


def _programs(
    folder: Path, ports: dict[str, int], environment: dict[str, str]
) -> dict[str, Program]:
    config = folder / "models.config"
    config.write_text(programs.model_config({name: programs.MODELS / name for name in MODELS}))
    logs = {name: folder / f"{name}.log" for name in ("redis", "serving", "app", "worker")}
    url = environment["REDIS_URL"]
    return {
        "redis": programs.redis_server(ports["redis"], folder / "r", logs["redis"], durable=True),
        "serving": programs.model_server(
            ports["serving"], config, MODELS[0], logs["serving"], MODELS[1]
        ),
        "app": programs.webhook(ports["app"], environment, logs["app"]),
        "worker": programs.worker(environment, url, logs["worker"]),
    }


def wait(condition: Callable[[], object]) -> None:
    """Wait until there is something true; raise BenchError where that takes too long."""
    end = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise BenchError(f"nothing more happened within {_PATIENCE:.0f} s")
        time.sleep(0.05)
