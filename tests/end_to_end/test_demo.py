"""`make demo` itself: its start, its end, and the better model that comes meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from launch.supervisor import free_port
from simulator.demo import BETTER_MODEL, Demo
from tests.conftest import until
from tests.end_to_end.conftest import new_phone

ROOT = Path(__file__).parents[2]
_RUN = """
import pathlib, sys
from launch import programs
from simulator import demo
demo.FOLDER, programs.MODELS = map(pathlib.Path, sys.argv[1:])
demo.PAGE_PORT = 0
demo.main()
"""


def children(pid: int) -> set[int]:
    """Return every process below one."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents[int(stat.parent.name)] = int(fields[1])
    found: set[int] = set()
    while more := {child for child, parent in parents.items() if parent in {pid, *found}} - found:
        found |= more
    return found


def test_demo_prints_one_url_and_ctrl_c_leaves_nothing_behind(
    tmp_path: Path, shipped: Path
) -> None:
    environment = {**os.environ, "KERAS_WEIGHTS_URL": f"http://127.0.0.1:{free_port()}"}
    demo = subprocess.Popen(
        [sys.executable, "-c", _RUN, str(tmp_path), str(shipped)],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert demo.stdout is not None
    lines = []
    for line in demo.stdout:
        lines.append(line)
        if "No ImageNet weights" in line:
            break
    (address,) = [word for word in "".join(lines).split() if word.startswith("http://127.0.0.1:")][
        :1
    ]
    assert "公众号" in requests.get(address, timeout=5).text
    below = children(demo.pid)
    assert len(below) >= 7
    demo.send_signal(signal.SIGINT)
    rest = demo.stdout.read()
    assert demo.wait(30) == 0
    demo.stdout.close()
    assert "All programs have ended." in rest
    until(lambda: not [pid for pid in below if Path(f"/proc/{pid}").exists()])


def test_better_model_takes_over_while_the_demo_runs(
    tmp_path: Path,
    shipped: Path,
    weights_host: str,
    monkeypatch: pytest.MonkeyPatch,
    samples: dict[str, bytes],
) -> None:
    monkeypatch.setenv("KERAS_WEIGHTS_URL", weights_host)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    said: list[str] = []
    demo = Demo(tmp_path / "demo", said.append, shipped)
    try:
        demo.supervisor.open()
        phone = new_phone(demo)
        demo.look_for_weights()
        message = phone.send_picture(samples["6-cat"])
        phone.wait_for(1)
        assert phone.trace(message)["model"] == "demo"
        end = time.monotonic() + 120

        def until_switched() -> None:
            demo.better_model()
            if any("now answers" in line for line in said) or time.monotonic() > end:
                demo.supervisor.stop()

        demo.supervisor.watch(until_switched)
        message = phone.send_picture(samples["6-cat"])
        phone.wait_for(2)
        assert phone.trace(message)["model"] == BETTER_MODEL
    finally:
        demo.close()
    assert any(f"fetching {BETTER_MODEL}" in line for line in said)
    again = Demo(tmp_path / "demo", said.append, shipped)
    again.close()
    assert again.environment["CLASSIFIER_MODEL"] == BETTER_MODEL
