"""Two accounts side by side: each with its own Redis, webhook and worker, and one model server."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
import requests

from labels import phrase
from launch import programs
from launch.supervisor import Program, free_port
from simulator.demo import account_settings
from tests.conftest import until
from tests.deploy.front import wait_for
from tests.end_to_end.conftest import Phone


class Deployment:
    """Everything that one account has for itself."""

    def __init__(self, folder: Path, serving: int) -> None:
        ports = {name: free_port() for name in ("redis", "app", "simulator")}
        environment = account_settings({**ports, "serving": serving})
        environment |= {"WORKER_PROCESSES": "1", "WORKER_THREADS": "8"}
        self.secret, self.app_id = environment["WECHAT_APP_SECRET"], environment["WECHAT_APP_ID"]
        self.wechat = f"http://127.0.0.1:{ports['simulator']}"
        webhook = f"http://127.0.0.1:{ports['app']}/wechat"
        self.redis = redis.Redis(port=ports["redis"])
        self.redis_server = programs.redis_server(
            ports["redis"], folder / "redis", folder / "redis.log", durable=True
        )
        self.worker = programs.worker(environment, environment["REDIS_URL"], folder / "worker.log")
        self.programs = [
            self.redis_server,
            programs.wechat(ports["simulator"], webhook, environment, folder / "wechat.log"),
            programs.webhook(ports["app"], environment, folder / "app.log"),
            self.worker,
        ]

    def followers(self, number: int) -> list[Phone]:
        """Let so many follow, and read the greeting."""
        follow = functools.partial(requests.post, f"{self.wechat}/chat/follow", timeout=10)
        phones = [Phone(url=self.wechat, openid=follow().json()["follower"]) for _ in range(number)]
        until(lambda: all(phone.events("answer") for phone in phones))
        return phones

    def failed(self) -> list[dict[str, object]]:
        """Return the deliveries that the webhook did not take."""
        events = requests.get(f"{self.wechat}/chat/events", timeout=10).json()["events"]
        return [each for each in events if each["kind"] == "delivery" and each["status"] != 200]


@contextlib.contextmanager
def running(*parts: Program) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for program in parts:
            program.start()
            stack.callback(program.end)
        for program in parts:
            wait_for(program, 120)
        yield
        for program in parts:  # all at once, as each takes its time
            if program.process:
                program.process.terminate()


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[tuple[Deployment, Deployment]]:
    """Both, running, and the model server that they share."""
    port, config = free_port(), tmp_path / "models.config"
    config.write_text(programs.model_config({"demo": programs.MODELS / "demo"}))
    shared = programs.model_server(port, config, "demo", tmp_path / "serving.log")
    one, other = (Deployment(tmp_path / name, port) for name in ("one", "other"))
    with running(shared, *one.programs, *other.programs):
        yield one, other


def sends(phones: list[Phone], picture: bytes) -> Callable[[], bool]:
    """Have each send a picture; return what says whether each has one answer more."""
    before = [len(phone.answers()) for phone in phones]
    for phone in phones:
        phone.send_picture(picture)
    return lambda: [len(phone.answers()) for phone in phones] == [each + 1 for each in before]


@pytest.mark.timeout(240)
def test_account_whose_redis_is_killed_is_alone_with_it(
    accounts: tuple[Deployment, Deployment], samples: dict[str, bytes]
) -> None:
    struck, other = accounts
    assert struck.app_id != other.app_id
    theirs, others = struck.followers(3), other.followers(6)
    picture = samples["1-digit-3"]
    for arrived in [sends(theirs, picture), sends(others, picture)]:
        until(arrived)
    process = struck.redis_server.process
    assert process is not None
    process.kill()
    process.wait()
    told, arrived = sends(theirs, picture), sends(others, samples["2-digit-8"])
    until(told)
    until(arrived)
    assert [phone.answers()[-1] for phone in theirs] == [phrase("zh", "busy")] * 3
    assert all("8" in phone.answers()[-1] for phone in others)
    assert other.failed() == []
    assert "ERROR" not in (other.worker.log.read_text() if other.worker.log else "")
    struck.redis_server.start()
    until(struck.redis_server.ready)
    until(struck.worker.ready)
    until(sends(theirs, samples["3-digit-5"]))
    assert all("5" in phone.answers()[-1] for phone in theirs)
    # Nothing of one account is where the other keeps its messages.
    assert len(other.redis.keys("rq:job:*")) == 2 * len(others)
    assert [len(phone.answers()) for phone in others] == [2] * len(others)
