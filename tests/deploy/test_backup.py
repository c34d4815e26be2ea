"""docs/backup.md: what Redis held is there again, and the messages in it are answered."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch.supervisor import ROOT
from tests.chaos.arena import Arena
from tests.chaos.models import ANSWER
from tests.conftest import WeChatServer, until
from tests.deploy.front import wait_for
from tests.deploy.stores import Passwords, Store

_BACKUP, _RESTORE = ROOT / "deploy" / "redis" / "backup", ROOT / "deploy" / "redis" / "restore"


@pytest.fixture
def passwords(tmp_path: Path) -> Passwords:
    """Two secrets."""
    return Passwords(tmp_path)


@contextlib.contextmanager
def running(store: Store) -> Iterator[Store]:
    store.program.start()
    try:
        wait_for(store.program)
        yield store
    finally:
        store.program.end()


def backup(store: Store, folder: Path, **changes: str) -> subprocess.CompletedProcess[bytes]:
    """Back a Redis up that keeps its file in that folder."""
    environment = {
        **os.environ, **store.program.environment, "REDIS_DIR": str(folder),
        "REDIS_PORT": str(store.port), **changes,
    }  # fmt: skip
    return subprocess.run([_BACKUP], env=environment, capture_output=True, timeout=60, check=False)


def restore(folder: Path, copy: bytes) -> subprocess.CompletedProcess[bytes]:
    """Put a copy into that folder."""
    return subprocess.run(
        [_RESTORE], env={**os.environ, "REDIS_DIR": str(folder)}, input=copy,
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip


def test_messages_that_waited_are_answered_by_another_redis(
    tmp_path: Path, passwords: Passwords, wechat_server: WeChatServer, samples: dict[str, bytes]
) -> None:
    with running(Store(tmp_path / "lost", passwords)) as store:
        arena = Arena(tmp_path, wechat_server, samples["1-digit-3"], REDIS_URL=store.url)
        arena.redis = store.operator
        with contextlib.ExitStack() as stack:
            stack.callback(arena.app.end)
            arena.app.start()
            until(arena.app.ready)
            openids = arena.send(12)  # nobody is there to answer them
            until(lambda: arena.outcomes() == {"none": 12})
            copy = backup(store, tmp_path / "lost")
        assert (copy.returncode, copy.stderr) == (0, b"")
        assert store.operator.config_get("auto-aof-rewrite-percentage").popitem()[1] == "100"
    shutil.rmtree(tmp_path / "lost")
    other = Store(tmp_path / "other", passwords)
    assert restore(tmp_path / "other", copy.stdout).stderr == b""
    with running(other), contextlib.ExitStack() as stack:
        arena.environment["REDIS_URL"] = other.url
        arena.redis, worker = other.operator, arena.another_worker(tmp_path / "other.log")
        stack.callback(worker.end)
        worker.start()
        arena.wait_for_answers(openids)
        assert arena.settle() == {"sent": 12}
    assert [arena.read(openid)[0][-4:] for openid in openids] == [ANSWER] * 12
    assert [len(arena.read(openid)) for openid in openids] == [1] * 12


def test_copy_that_ends_in_the_middle_of_a_change_can_be_used(
    tmp_path: Path, passwords: Passwords
) -> None:
    with running(Store(tmp_path / "store", passwords)) as store:
        for number in range(100):
            store.operator.set(f"kantu:number:{number}", "x" * 100)
        copy = backup(store, tmp_path / "store")
    (tmp_path / "other").mkdir()
    assert restore(tmp_path / "other", copy.stdout).returncode == 0
    (grown,) = (tmp_path / "other" / "appendonlydir").glob("*.incr.aof")
    grown.write_bytes(grown.read_bytes()[:-30])
    shutil.move(tmp_path / "other" / "appendonlydir", tmp_path / "whole")
    other = Store(tmp_path / "third", passwords)
    shutil.move(tmp_path / "whole", tmp_path / "third" / "appendonlydir")
    with running(other):
        assert other.operator.dbsize() == 99


def test_what_cannot_be_backed_up_or_restored_is_named(
    tmp_path: Path, passwords: Passwords
) -> None:
    store = Store(tmp_path / "store", passwords)
    away = backup(store, tmp_path / "store")
    assert away.returncode == 1
    assert b"expected PONG" in away.stderr
    wrong = restore(tmp_path / "store", b"no tar at all")
    assert wrong.returncode == 1
    assert b"expected what deploy/redis/backup wrote" in wrong.stderr
    assert not (tmp_path / "store" / ".restoring").exists()
    (tmp_path / "store" / "appendonlydir").mkdir()
    full = restore(tmp_path / "store", b"")
    assert full.returncode == 1
    assert b"expected a folder without it" in full.stderr
