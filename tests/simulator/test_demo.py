"""simulator.demo: an account and a model of its own, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from contract.settings import load_settings
from simulator.demo import BETTER_MODEL, Demo, account_settings
from tests.conftest import alive, make_settings, serve_files, until

ROOT = Path(__file__).parents[2]
PORTS = {"redis": 1, "serving": 2, "simulator": 3}
_EXPORT = """
import pathlib, sys, time
from simulator.demo import Demo
demo = Demo(pathlib.Path(sys.argv[1]), print)
(demo.folder / "logs").mkdir()
demo.look_for_weights()
print(demo._export.pid, flush=True)
time.sleep(60)
"""


def test_settings_of_a_real_account_are_not_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KANTU_ENV_FILE", raising=False)
    (tmp_path / ".env").write_text("WECHAT_ACCOUNT=gh_0123456789ac\nVQA_MODEL=talker\n")
    monkeypatch.setenv("CLASSIFIER_LABELS", "own.csv")
    monkeypatch.setenv("LANGUAGE", "en_GB:en")
    monkeypatch.setenv("WECHAT_TIME_WINDOW_FILE", "/run/secrets/none")
    for name, value in account_settings(PORTS).items():
        monkeypatch.setenv(name, value)
    seen = load_settings("wechat_app_secret")
    made_up = {"wechat_token", "wechat_app_id", "wechat_app_secret", "wechat_aes_key"}
    places = {"wechat_api_url", "redis_url", "serving_url"}
    default = make_settings().model_dump(exclude=made_up | places)
    assert seen.model_dump(exclude=made_up | places) == default


def test_better_model_that_is_there_is_used(tmp_path: Path) -> None:
    models = tmp_path / "models"
    (models / BETTER_MODEL / "1").mkdir(parents=True)
    said: list[str] = []
    demo = Demo(tmp_path / "demo", said.append, models)
    demo.look_for_weights()
    demo.close()
    assert demo.environment["CLASSIFIER_MODEL"] == BETTER_MODEL
    assert said == [f"  Model: {BETTER_MODEL}, 1,000 kinds of things in photographs"]


def test_export_ends_when_the_demo_is_killed(tmp_path: Path) -> None:
    weights = tmp_path / "host" / "efficientnet_v2" / "efficientnetv2-b0.h5"
    weights.parent.mkdir(parents=True)
    weights.touch()
    environment = {**os.environ, "KERAS_HOME": str(tmp_path / "keras")}
    with serve_files(tmp_path / "host") as url:
        demo = subprocess.Popen(
            [sys.executable, "-c", _EXPORT, str(tmp_path / "demo")],
            cwd=ROOT, env=environment | {"KERAS_WEIGHTS_URL": url}, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert demo.stdout is not None
        assert b"fetching" in demo.stdout.readline()
        export = int(demo.stdout.readline())
        assert alive(export)
        os.kill(demo.pid, signal.SIGKILL)
        demo.wait()
        demo.stdout.close()
        until(lambda: not alive(export))
    log = tmp_path / "demo" / "logs" / "export.log"
    assert log.read_text("utf-8") == ""  # it did not come as far as to find the weights empty
