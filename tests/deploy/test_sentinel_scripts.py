"""deploy/kubernetes/components/sentinel: who is the master, and who becomes it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from launch.supervisor import ROOT
from tests.deploy.front import need
from tests.deploy.stores import Passwords

MASTER = ROOT / "deploy" / "kubernetes" / "components" / "sentinel" / "master"
DOMAIN = "redis.kantu.svc.cluster.local"


@pytest.mark.parametrize(
    ("named", "master"),
    [
        (["", "", ""], "redis-0"),  # all start for the first time
        (["redis-2", "redis-2", "redis-2"], "redis-2"),
        (["redis-0", "redis-2", "redis-2"], "redis-2"),  # one has not heard of the failover yet
        (["", "redis-1", ""], "redis-1"),
    ],
)
def test_the_master_is_whom_most_sentinels_name(
    tmp_path: Path, named: list[str], master: str
) -> None:
    cases = "".join(
        f"*redis-{number}.*) {f'echo {name}.{DOMAIN}; echo 6379' if name else 'exit 1'};;\n"
        for number, name in enumerate(named)
    )
    (tmp_path / "redis-cli").write_text(f'#!/bin/sh\ncase "$*" in\n{cases}esac\n')
    (tmp_path / "redis-cli").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "DOMAIN": DOMAIN}
    done = subprocess.run(
        ["sh", MASTER], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{master}.{DOMAIN}\n"


_ALONE = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"]


def alone_is_possible() -> bool:
    """Return whether this user may have a network and mounts of its own."""
    try:
        command = [*_ALONE, "ip", "link", "set", "lo", "up"]
        tried = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return tried.returncode == 0


@pytest.mark.skipif(not alone_is_possible(), reason="only root may have a network of its own")
def test_another_becomes_master_and_the_first_comes_back_as_its_replica(tmp_path: Path) -> None:
    need("redis-server", "redis-sentinel")
    Passwords(tmp_path)
    done = subprocess.run(
        [*_ALONE, ROOT / "tests" / "deploy" / "failover", tmp_path],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert (done.returncode, lines[0]) == (0, "first redis-0"), done.stdout + done.stderr
    assert lines[1] in {"second redis-1", "second redis-2"}
    assert lines[2] == "message kept"
    assert lines[3] == f"redis-0 follows {lines[1].removeprefix('second ')}"
