"""Redis loses everything, or has no room on its disk."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from labels import phrase
from tests.chaos.arena import Arena
from tests.chaos.test_killed import assert_answered_once
from tests.conftest import until

pytestmark = pytest.mark.chaos


def test_redis_loses_all_it_holds(arena: Arena) -> None:
    arena.wait_for_answers(arena.send(2))
    arena.settle()
    arena.models.behave = lambda: time.sleep(1)
    lost = arena.send(6)  # what is in Redis only is lost with it: nobody else knows of it
    until(lambda: arena.models.asked >= 6)
    pids = arena.working()
    arena.redis.flushall()
    arena.models.behave = lambda: None
    later = arena.send(4)
    arena.wait_for_answers(later)
    assert_answered_once(arena, later)
    assert arena.working() == pids  # and nothing has crashed
    assert max(len(arena.read(openid)) for openid in lost) <= 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a megabyte, where Redis will keep its file."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk of a megabyte")
    folder = tmp_path / "redis"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a disk of a megabyte")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.usefixtures("small_disk")
def test_disk_of_redis_is_full(arena: Arena, tmp_path: Path) -> None:
    arena.wait_for_answers(arena.send(1))
    arena.settle()
    until(lambda: not fill(arena.redis))
    (turned_away,) = arena.send(1)
    until(lambda: arena.read(turned_away) == [phrase("zh", "busy")])
    grow = ["mount", "-o", "remount,size=64m", str(tmp_path / "redis")]
    subprocess.run(grow, check=True)
    until(lambda: fill(arena.redis))
    openids = arena.send(3)
    arena.wait_for_answers(openids)
    assert_answered_once(arena, openids)
    arena.settle()


def fill(store: redis.Redis) -> bool:
    """Write 100 kB; return whether Redis took it."""
    with contextlib.suppress(redis.RedisError):
        return bool(store.set("filler", bytes(100_000)))
    return False
