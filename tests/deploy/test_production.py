"""The whole of production, by hand: every part is restarted while messages come in.

WeChat (the simulator) -> nginx with TLS -> gunicorn -> Redis with its users -> two workers -> two
model servers. What followers read and what was recorded are held against each other.
"""

from __future__ import annotations

import collections
import contextlib
import itertools
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labels import phrase
from launch import programs
from launch.supervisor import Program, answers, free_port
from simulator.courier import Courier
from tests.chaos.arena import Arena
from tests.conftest import WeChatServer, alive, make_settings, until
from tests.deploy.front import Front, need, open_folder, wait_for
from tests.deploy.stores import Passwords, Store
from tests.deploy.test_gunicorn import children

_PAUSE = 0.04  # seconds between two messages
_BALANCER = """
pid {folder}/models.pid; error_log stderr crit; events {{}}
http {{
    access_log off;
    client_max_body_size 32m; client_body_temp_path {folder}/models-body;
    proxy_temp_path {folder}/models-proxy; fastcgi_temp_path {folder}/models-f;
    uwsgi_temp_path {folder}/models-u; scgi_temp_path {folder}/models-s;
    upstream servers {{ {servers} }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://servers;
            # What a model is asked may be asked again.
            proxy_next_upstream error timeout non_idempotent;
        }}
    }}
}}
"""


class Production:
    """Every part of it, running."""

    def __init__(self, folder: Path, wechat: WeChatServer, picture: bytes) -> None:
        need("nginx", "redis-server")
        self.store = Store(folder / "store", Passwords(folder))
        self.servers = [self._model_server(folder / f"models{number}") for number in (1, 2)]
        balancer = self._balancer(folder)
        self.arena = Arena(
            folder, wechat, picture,
            REDIS_URL=self.store.url, SERVING_URL=balancer[0], WORKER_THREADS="8",
        )  # fmt: skip
        self.arena.redis = self.store.operator
        self.workers = [self.arena.worker, self.arena.another_worker(folder / "worker2.log")]
        self.front = Front(folder, self.arena.webhook.split("/")[2])
        self.sent = list[str]()
        self._sent_again = collections.Counter[str]()
        self._parts = [self.store.program, *self.servers, balancer[1], self.arena.app]
        self._parts += [*self.workers, self.front.program]

    @staticmethod
    def _model_server(folder: Path) -> Program:
        folder.mkdir()
        config = folder / "models.config"
        config.write_text(programs.model_config({"demo": programs.MODELS / "demo"}))
        return programs.model_server(free_port(), config, "demo", folder / "serving.log")

    def _balancer(self, folder: Path) -> tuple[str, Program]:
        ports = [each.command[3].rpartition("=")[2] for each in self.servers]
        servers = " ".join(f"server 127.0.0.1:{port} max_fails=0;" for port in ports)
        port, config = free_port(), folder / "models.conf"
        config.write_text(_BALANCER.format(folder=folder, servers=servers, port=port))
        url = f"http://127.0.0.1:{port}"
        nginx = str(shutil.which("nginx"))
        program = Program(
            name="balancer",
            command=[nginx, "-e", "stderr", "-c", str(config), "-g", "daemon off;"],
            environment={},
            ready=lambda: answers(f"{url}/v1/models/demo/metadata"),
            log=folder / "balancer.log",
        )
        return url, program

    @contextlib.contextmanager
    def running(self) -> Iterator[Production]:
        """Start everything; end it with the block."""
        self.front.certify()
        with contextlib.ExitStack() as stack:
            for program in self._parts:
                program.start()
                stack.callback(program.end)
            for program in self._parts:
                wait_for(program, 120)
            url = f"{self.front.url}/wechat"
            self.arena.courier = Courier(self.arena.account, make_settings(), url)
            self.arena.courier._http.verify = str(self.front.certificate)
            yield self

    def restarts(self, alike: int) -> list[Callable[[], None]]:
        """Return what replaces each part in its turn; of those that are alike, so many."""
        parts = [*self.workers[:alike], *self.servers[:alike], self.store.program]
        again = [lambda part=part: self.restart(part) for part in parts]
        return [self.front.reload, self.replace_processes, self.replace_webhook, *again]

    @staticmethod
    def restart(part: Program) -> None:
        """End a part as its host would, and start it again."""
        part.end()
        part.start()
        until(part.ready, 120)

    def _webhook(self) -> int:
        assert self.arena.app.process is not None
        return self.arena.app.process.pid

    def replace_processes(self) -> None:
        """Have gunicorn start its processes again."""
        before = children(self._webhook())
        os.kill(self._webhook(), signal.SIGHUP)
        until(lambda: not children(self._webhook()) & before)

    def replace_webhook(self) -> None:
        """Start a new gunicorn on the same socket, and end the old one."""
        old = self._webhook()
        workers = children(old)
        os.kill(old, signal.SIGUSR2)
        until(lambda: any(len(children(pid)) >= 2 for pid in children(old) - workers))
        os.kill(old, signal.SIGTERM)
        until(lambda: not alive(old))

    def send(self, number: int, meanwhile: list[Callable[[], None]]) -> None:
        """Have so many followers send a picture, as many during each of these as during others."""
        done, share = itertools.count(1), number / len(meanwhile)
        allowed = [share]

        def push() -> None:
            for sent in range(number):
                while sent >= allowed[0]:
                    time.sleep(_PAUSE)
                self.sent += self.arena.send(1)
                time.sleep(_PAUSE)

        sender = threading.Thread(target=push, daemon=True)
        sender.start()
        for step in meanwhile:
            step()
            allowed[0] = share * (next(done) + 1)
        sender.join(120)

    def all_answered(self) -> bool:
        """Have each follower who read that something is wrong send again; return whether all have
        an answer.
        """
        for openid in self.sent:
            told = self.arena.read(openid).count(phrase("zh", "busy"))
            if told > self._sent_again[openid]:
                self._sent_again[openid] += 1
                self.arena.send_again(openid)
        return all(map(self.answers, self.sent))

    def answers(self, openid: str) -> int:
        """Return how many answers a follower has read."""
        return sum(text != phrase("zh", "busy") for text in self.arena.read(openid))

    def doubled(self) -> list[str]:
        """Return who read more answers than they sent pictures: Redis may have taken one that it
        could not say of, so that its follower was told to send it again.
        """
        return [each for each in self.sent if self.answers(each) > 1 + self._sent_again[each]]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("messages", "alike"), [(100, 1), pytest.param(1000, 2, marks=pytest.mark.chaos)]
)
def test_nothing_is_lost_and_nothing_said_twice_while_every_part_is_restarted(
    messages: int, alike: int, wechat_server: WeChatServer, samples: dict[str, bytes]
) -> None:
    with (
        open_folder() as folder,
        Production(folder, wechat_server, samples["1-digit-3"]).running() as production,
    ):
        production.send(messages, production.restarts(alike))
        until(production.all_answered, 180)
        outcomes = production.arena.settle(90)
        assert len(production.sent) == messages
        assert production.doubled() == []
        assert outcomes == {"sent": sum(map(production.answers, production.sent))}
        failed = [each for each in production.arena.deliveries() if each["status"] != 200]
        assert failed == []
