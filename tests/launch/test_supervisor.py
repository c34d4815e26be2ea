"""launch.supervisor: programs are started, watched and ended, and nothing is left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from launch.supervisor import LaunchError, Program, Supervisor, free_port
from tests.conftest import alive, until


def program(tmp_path: Path, code: str, name: str = "sleeper", ready: bool = True) -> Program:
    return Program(
        name=name,
        command=[sys.executable, "-c", code],
        environment={},
        ready=lambda: ready,
        log=tmp_path / f"{name}.log",
        patience=5,
    )


SLEEP = "import time; time.sleep(60)"
STUBBORN = (
    "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    f"child = subprocess.Popen([sys.executable, '-c', {SLEEP!r}]);"
    "print(child.pid, flush=True); time.sleep(60)"
)


def test_program_that_dies_at_once_is_named_with_its_last_words(tmp_path: Path) -> None:
    supervisor = Supervisor(
        [program(tmp_path, "raise SystemExit('no settings')", ready=False)], print
    )
    with pytest.raises(LaunchError, match=r"(?s)sleeper did not start:.*no settings"):
        supervisor.open()
    supervisor.close()


def test_program_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    slow = program(tmp_path, SLEEP, ready=False)
    slow.patience = 0.3
    supervisor = Supervisor([slow], print)
    with pytest.raises(LaunchError, match="sleeper was not ready within"):
        supervisor.open()
    supervisor.close()


def test_stubborn_program_and_its_children_are_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("launch.supervisor._END_PATIENCE", 0.5)
    stubborn = program(tmp_path, STUBBORN)
    stubborn.start()
    log = tmp_path / "sleeper.log"
    until(lambda: log.read_text().strip())
    child = int(log.read_text())
    assert stubborn.process is not None
    parent = stubborn.process.pid
    stubborn.end()
    until(lambda: not alive(child) and not alive(parent))


def test_program_that_ends_by_itself_is_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    short = program(tmp_path, "pass")
    supervisor = Supervisor([short], said.append)
    short.start()
    supervisor.watch(lambda: supervisor.stop() if len(said) > 1 else None)
    supervisor.close()
    assert said[0] == "  · sleeper ended by itself; starting it again"


def test_restarted_program_has_its_new_settings(tmp_path: Path) -> None:
    shows = program(tmp_path, "import os, time; print(os.environ['A'], flush=True); time.sleep(9)")
    supervisor = Supervisor([shows], print)
    shows.environment = {"A": "one"}
    shows.start()
    until(lambda: "one" in shows.last_words())
    supervisor.restart("sleeper", A="two")
    until(lambda: "two" in shows.last_words())
    supervisor.close()


def test_programs_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from launch.supervisor import Program;"
        f"p = Program(name='x', command=[sys.executable, '-c', {SLEEP!r}], environment={{}},"
        f" ready=lambda: True, log=Path({str(tmp_path / 'x.log')!r}));"
        "p.start(); print(p.process.pid, flush=True); time.sleep(60)"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert supervisor.stdout is not None
    child = int(supervisor.stdout.readline())
    assert alive(child)
    os.kill(supervisor.pid, signal.SIGKILL)
    supervisor.wait()
    supervisor.stdout.close()
    until(lambda: not alive(child))


def test_free_port_is_the_wanted_one_or_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert free_port(port) != port
    assert free_port(port) == port


def test_waiting_for_readiness_says_how_long_it_took(tmp_path: Path) -> None:
    said: list[str] = []
    started = time.monotonic()
    ready = program(tmp_path, SLEEP)
    ready.ready = lambda: time.monotonic() - started > 0.3
    supervisor = Supervisor([ready], said.append)
    supervisor.open()
    supervisor.close()
    assert said[0].startswith("  ✓ sleeper")
