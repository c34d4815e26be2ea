"""docs/upgrade.md and docs/rollback.md: each part is replaced while messages come in.

What one gunicorn does for itself is in test_gunicorn, a restart of everything in test_production.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from contract.job import picture_queue
from labels import phrase
from launch import programs
from launch.supervisor import Program, free_port
from simulator.courier import Courier
from tests.chaos.arena import Arena
from tests.chaos.models import ANSWER
from tests.conftest import WeChatServer, make_settings, until
from tests.deploy.front import front, wait_for
from tests.deploy.load import Load
from tests.deploy.names import NameServer

_OLD, _NEW = "127.0.0.1", "127.0.0.2"  # two containers of one service


@pytest.fixture
def arena(
    tmp_path: Path, wechat_server: WeChatServer, samples: dict[str, bytes]
) -> Iterator[Arena]:
    """Everything, up and running, with a made-up model server."""
    with Arena(tmp_path, wechat_server, samples["1-digit-3"]).open() as arena:
        yield arena


@contextlib.contextmanager
def running(program: Program) -> Iterator[Program]:
    program.start()
    try:
        wait_for(program)
        yield program
    finally:
        program.end()


def another_webhook(arena: Arena, address: str) -> Program:
    """Return a webhook on the same port of another address."""
    old = arena.webhook.split("/")[2]
    port = int(old.partition(":")[2])
    program = programs.webhook(port, arena.environment, arena.app.log)
    program.command = [f"{address}:{port}" if part == old else part for part in program.command]
    program.ready = lambda: _answers(f"http://{address}:{port}/readyz")
    return program


def _answers(url: str) -> bool:
    with contextlib.suppress(requests.RequestException):
        return requests.get(url, timeout=2).ok
    return False


def test_no_request_fails_while_a_second_webhook_takes_the_first_one_s_place(arena: Arena) -> None:
    names, port = NameServer(), arena.webhook.split("/")[2].partition(":")[2]
    names.addresses = [_OLD]
    settings = {"TLS": "off", "RESOLVER": f"127.0.0.1:{names.port}"}
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.closing(names))
        nginx = stack.enter_context(front(f"app:{port}", **settings))
        load = Load(Courier(arena.account, make_settings(), ""), f"{nginx.url}/wechat")
        with load.running():
            stack.enter_context(running(another_webhook(arena, _NEW)))
            names.addresses = [_OLD, _NEW]
            until(lambda: names.told == [_OLD, _NEW])  # nginx believes a name for five seconds
            load.wait_for(20)
            arena.app.end()  # its name still leads there: nobody listens
            load.wait_for(20)
            names.addresses = [_NEW]
            load.wait_for(20)
    assert load.answers.keys() == {"200"}


def test_new_worker_takes_over_from_one_that_finishes_what_it_has_begun(arena: Arena) -> None:
    arena.models.behave = lambda: time.sleep(0.2)
    openids = arena.send(60)
    until(lambda: arena.models.asked >= 10)
    new = arena.another_worker(arena.worker.log.with_name("new.log"))  # type: ignore[union-attr]
    with running(new):
        old = arena.worker.process
        assert old is not None
        old.terminate()
        old.wait(30)
        arena.wait_for_answers(openids)
        assert arena.settle() == {"sent": 60}
    assert old.returncode == 0
    assert [arena.read(openid)[0][-4:] for openid in openids] == [ANSWER] * 60
    assert [len(arena.read(openid)) for openid in openids] == [1] * 60


def test_job_that_an_older_worker_does_not_know_ends_in_an_apology(
    tmp_path: Path, wechat_server: WeChatServer, samples: dict[str, bytes]
) -> None:
    arena = Arena(tmp_path, wechat_server, samples["1-digit-3"])
    with running(arena.redis_server), running(arena.app):
        openids = arena.send(2)
        until(lambda: arena.outcomes() == {"none": 2})
        newer, _ = picture_queue(arena.redis).get_jobs()
        newer.kwargs = {**newer.kwargs, "zoom": 2}  # as a newer webhook may write it
        newer.save()
        with running(arena.worker):
            arena.wait_for_answers(openids)
            assert arena.settle() == {"sent": 1, "apologised": 1}
    said = [text for openid in openids for text in arena.read(openid)]
    assert sorted(text[-4:] for text in said) == sorted([ANSWER, phrase("zh", "apology")[-4:]])


class Shelf:
    """A folder of versions of a model, and the server that follows it."""

    def __init__(self, folder: Path) -> None:
        self._folder, port = folder / "demo", free_port()
        self._folder.mkdir()
        self.publish(1)
        config = folder / "models.config"
        config.write_text(programs.model_config({"demo": self._folder}))
        self.url = f"http://127.0.0.1:{port}"
        self.server = programs.model_server(port, config, "demo", folder / "serving.log")

    def publish(self, version: int) -> None:
        """Put a version there, whole from the first moment."""
        unfinished = self._folder / f"unfinished-{version}"
        shutil.copytree(programs.MODELS / "demo" / "1", unfinished)
        unfinished.rename(self._folder / str(version))

    def remove(self, version: int) -> None:
        """Take a version away."""
        shutil.rmtree(self._folder / str(version))

    def serves(self, version: int) -> bool:
        """Return whether that version is the one that answers."""
        states = requests.get(f"{self.url}/v1/models/demo", timeout=10).json()
        available = [
            each["version"]
            for each in states["model_version_status"]
            if each["state"] == "AVAILABLE"
        ]
        return available == [str(version)]


def test_model_is_replaced_and_put_back_under_load(
    tmp_path: Path, wechat_server: WeChatServer, samples: dict[str, bytes]
) -> None:
    shelf = Shelf(tmp_path)
    options = {"SERVING_URL": shelf.url, "WORKER_PROCESSES": "1"}
    arena = Arena(tmp_path, wechat_server, samples["1-digit-3"], **options)
    sent, ended = list[str](), threading.Event()

    def send() -> None:
        while not ended.wait(0.2):
            sent.extend(arena.send(1))

    with running(shelf.server), arena.open():
        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        until(lambda: len(sent) >= 5)
        shelf.publish(2)
        until(lambda: shelf.serves(2))
        during = len(sent)
        until(lambda: len(sent) >= during + 5)
        shelf.remove(2)
        until(lambda: shelf.serves(1))
        ended.set()
        sender.join()
        (last,) = arena.send(1)
        arena.wait_for_answers([*sent, last])
        assert arena.settle() == {"sent": len(sent) + 1}
    assert [len(arena.read(openid)) for openid in sent] == [1] * len(sent)
    assert all("数字" in arena.read(openid)[0] for openid in sent)
