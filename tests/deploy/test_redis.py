"""deploy/redis: its rights are enough for the whole product, and for nothing more."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from labels import phrase
from launch.supervisor import free_port
from tests.chaos.arena import Arena
from tests.conftest import WeChatServer, until
from tests.deploy.front import wait_for
from tests.deploy.stores import START, Passwords, Store, sentinel, sentinel_url


@pytest.fixture
def passwords(tmp_path: Path) -> Passwords:
    """Two secrets."""
    return Passwords(tmp_path)


@pytest.fixture
def store(tmp_path: Path, passwords: Passwords) -> Iterator[Store]:
    """One Redis, running."""
    store = Store(tmp_path / "store", passwords)
    store.program.start()
    try:
        wait_for(store.program)
        yield store
    finally:
        store.program.end()


@contextlib.contextmanager
def product(
    folder: Path, wechat: WeChatServer, picture: bytes, url: str, **settings: str
) -> Iterator[Arena]:
    """The webhook, the worker and a WeChat on that Redis."""
    arena = Arena(folder, wechat, picture, REDIS_URL=url, **settings)
    with contextlib.ExitStack() as stack:
        for program in (arena.app, arena.worker):
            program.start()
            stack.callback(program.end)
            until(program.ready)
        yield arena


def test_whole_product_runs_with_no_more_rights_than_are_given(
    store: Store, tmp_path: Path, wechat_server: WeChatServer, samples: dict[str, bytes]
) -> None:
    options = {"WECHAT_REPLY": "hybrid", "VQA_MODEL": "demo", "WORKER_METRICS_PORT": "0"}
    with product(tmp_path, wechat_server, samples["1-digit-3"], store.url, **options) as arena:
        arena.models.behave = lambda: 500 if arena.models.asked <= 2 else None  # retries, too
        openids = arena.send(6, copies=2)
        arena.wait_for_answers(openids)
        for openid in openids[:2]:
            arena.say(openid, "help")
            arena.say(openid, "what digit is it?")
            arena.say(openid, "1")
        until(lambda: all(len(arena.read(openid)) >= 3 for openid in openids[:2]))
        arena.leave(openids[0])
        doctor = subprocess.run(
            [*arena.worker.command, "doctor", "--lift-pauses", "--webhook", arena.webhook],
            env={**os.environ, **arena.environment}, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip
        assert doctor.stdout.count("✓") > 5
        arena.worker.end()  # its goodbye, too
    refused = [entry["object"] for entry in store.operator.acl_log()]
    assert refused == []


@pytest.mark.parametrize(
    "command",
    [
        "FLUSHALL", "KEYS *", "CONFIG GET requirepass", "CONFIG SET dir /tmp", "SORT rq:a",
        "SHUTDOWN NOSAVE", "ACL LIST", "MONITOR", "SLAVEOF NO ONE", "MODULE LIST", "SAVE",
        "CLIENT LIST", "CLIENT KILL ID 1", "SCRIPT FLUSH", "GET other:key", "SET other:key 1",
        "PUBLISH other 1", "SCAN 0", "MIGRATE 127.0.0.1 1 rq:a 0 100", "FUNCTION LIST",
    ],
)  # fmt: skip
def test_dangerous_commands_and_other_keys_are_refused(store: Store, command: str) -> None:
    client = redis.Redis.from_url(store.url, socket_timeout=2)
    with pytest.raises(redis.exceptions.NoPermissionError):
        client.execute_command(*command.split())  # type: ignore[no-untyped-call]  # redis-py


def test_script_may_not_do_what_its_caller_may_not(store: Store) -> None:
    client = redis.Redis.from_url(store.url, socket_timeout=2)
    with pytest.raises(redis.ResponseError, match=r"can't access at least one|ACL failure"):
        client.eval("return redis.call('get', 'other:key')", 0)


@pytest.mark.parametrize("login", ["", "default:anything@", "kantu:wrong@", "operator:wrong@"])
def test_nobody_gets_in_without_a_password(store: Store, login: str) -> None:
    client = redis.Redis.from_url(f"redis://{login}127.0.0.1:{store.port}/0", socket_timeout=2)
    with pytest.raises((redis.AuthenticationError, redis.exceptions.NoPermissionError)):
        client.ping()


def test_it_keeps_what_it_is_given_and_says_when_it_is_full(store: Store) -> None:
    found: Any = store.operator.config_get("*")
    assert found["appendonly"] == "yes"
    assert found["appendfsync"] == "everysec"
    assert found["maxmemory-policy"] == "noeviction"
    assert int(found["maxmemory"]) == 512 * 2**20
    client = redis.Redis.from_url(store.url, socket_timeout=2)
    with client.pipeline(transaction=True) as pipeline:  # Redis 7.0 may leave those out
        pipeline.set("kantu:doctor", "kept")
        pipeline.rpush("rq:queue:test", "kept")
        pipeline.execute()
    store.program.end()
    store.program.start()
    until(store.program.ready)
    assert (client.get("kantu:doctor"), client.llen("rq:queue:test")) == (b"kept", 1)
    assert store.program.log is not None
    assert "CRITICAL" not in store.program.log.read_text()


def test_no_password_is_in_a_process_title_or_a_log(store: Store, passwords: Passwords) -> None:
    assert store.program.process is not None
    title = Path(f"/proc/{store.program.process.pid}/cmdline").read_bytes().decode()
    assert passwords.operator not in title
    assert store.program.log is not None
    assert passwords.operator not in store.program.log.read_text()
    run = store.program.log.parent / "run"
    assert {path.stat().st_mode & 0o077 for path in run.iterdir()} == {0}
    assert passwords.kantu not in (run / "users.acl").read_text()


@pytest.mark.parametrize(
    ("password", "memory", "said"),
    [
        ("short", "64mb", "has 5 characters; expected 24 or more"),
        ("with spaces and more than 24", "64mb", "has other signs than letters"),
        ("operator", "64mb", "both users have the same password"),
        ("", "lots", "REDIS_MAXMEMORY='lots'; expected a number with mb or gb"),
        ("missing", "64mb", "expected a file with a password"),
    ],
    ids=["short", "signs", "same", "memory", "missing"],
)
def test_weak_settings_are_refused_before_it_starts(
    tmp_path: Path, passwords: Passwords, password: str, memory: str, said: str
) -> None:
    given = passwords.operator if password == "operator" else password or passwords.kantu
    (tmp_path / "redis_password").write_text(given)
    if password == "missing":
        (tmp_path / "redis_password").unlink()
    done = subprocess.run(
        [str(START), "--port", str(free_port())],
        env={**os.environ, **passwords.environment, "REDIS_MAXMEMORY": memory,
             "REDIS_RUN": str(tmp_path / "run")},
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert said in done.stderr


@pytest.fixture
def pair(tmp_path: Path, passwords: Passwords) -> Iterator[tuple[Store, Store, str]]:
    """A master, a replica that has all it has, three sentinels, and their URL."""
    master = Store(tmp_path / "master", passwords)
    replica = Store(tmp_path / "replica", passwords, "--replicaof", f"127.0.0.1 {master.port}")
    ports = [free_port() for _ in range(3)]
    sentinels = [
        sentinel(tmp_path / f"sentinel{port}", passwords, master.port, port) for port in ports
    ]
    with contextlib.ExitStack() as stack:
        for program in (master.program, replica.program, *sentinels):
            program.start()
            stack.callback(program.end)
            wait_for(program)
        until(lambda: replica.operator.info("replication")["master_link_status"] == "up")
        until(lambda: all(knows_all(port) for port in ports))
        yield master, replica, sentinel_url(passwords, ports)


def knows_all(port: int) -> bool:
    """Return whether a sentinel has found the others and the replica."""
    with redis.Redis(port=port, socket_timeout=2) as client:
        state = client.sentinel_masters()["mymaster"]
        return (state["num-other-sentinels"], state["num-slaves"]) == (2, 1)


def test_replica_takes_over_and_every_accepted_message_is_answered(
    pair: tuple[Store, Store, str],
    tmp_path: Path,
    wechat_server: WeChatServer,
    samples: dict[str, bytes],
) -> None:
    master, replica, url = pair
    with product(tmp_path, wechat_server, samples["1-digit-3"], url) as arena:
        arena.models.behave = lambda: time.sleep(1)
        before = arena.send(10)
        until(lambda: arena.models.asked >= 8)  # all that are worked on wait for the model now
        assert master.operator.wait(1, 1000) == 1  # the replica has them
        assert master.program.process is not None
        os.killpg(master.program.process.pid, signal.SIGKILL)
        (meanwhile,) = arena.send(1)
        until(lambda: arena.read(meanwhile) == [phrase("zh", "busy")])  # told to send again
        until(lambda: replica.operator.info("replication")["role"] == "master")
        until(arena.app.ready)  # nothing was started again
        after = arena.send(10)
        arena.wait_for_answers([*before, *after], 90)
        until(lambda: not arena.outcomes_in(replica.operator)["none"])
        assert arena.outcomes_in(replica.operator) == {"sent": 20}
        assert arena.doubled() == 0
