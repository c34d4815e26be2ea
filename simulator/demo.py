"""`make demo`: the whole product against the simulator, on loopback only."""

from __future__ import annotations

import os
import secrets
import shutil
import string
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import requests

from contract.settings import NO_MODEL, Settings
from launch import programs
from launch.supervisor import (
    ROOT,
    Program,
    Say,
    Supervisor,
    answers,
    end_with_parent,
    free_port,
    say,
)
from simulator.line import Line
from simulator.stagehand import Stagehand

FOLDER = ROOT / ".demo"
PAGE_PORT = 8080
BETTER_MODEL = "efficientnetv2b0"
QUESTIONS = "vqa"  # the model that answers them
_WEIGHTS_URL = "https://storage.googleapis.com/tensorflow/keras-applications"
_WEIGHTS_FILE = "efficientnet_v2/efficientnetv2-b0.h5"
_LOOK = 3  # seconds for the host of the weights to answer


def main() -> int:
    """Run until Ctrl-C; return 0, or 1 with a line on standard error."""
    say("Kantu 看图: the demo. Four programs and a Redis:")
    demo = Demo(FOLDER, say)
    try:
        return demo.supervisor.live(demo.welcome, demo.better_model, demo.pause)
    finally:
        demo.close()


class Demo:
    """The programs of the demo, and a better model as soon as there is one."""

    def __init__(self, folder: Path, say: Say, models: Path | None = None) -> None:
        self.folder = folder
        self._say = say
        self._models = (models or programs.MODELS, folder / "models")
        names = ("redis", "serving", "app")
        self.ports = {name: free_port() for name in names} | {"simulator": free_port(PAGE_PORT)}
        self.environment = account_settings(self.ports)
        self._export: subprocess.Popen[bytes] | None = None
        self._config = folder / "models.config"
        self._write_config()
        model = BETTER_MODEL if self._has(BETTER_MODEL) else "demo"
        self.environment["CLASSIFIER_MODEL"] = model
        self.environment["VQA_MODEL"] = QUESTIONS if self._has(QUESTIONS) else NO_MODEL
        # Durable, so that a crash loses nothing; but each demo has an account of its own, made up.
        self._store = folder / "redis" / str(self.ports["redis"])
        self.line = Line()
        self.supervisor = Supervisor(self._programs(model), say)
        self.stagehand = Stagehand(self.supervisor, self.environment, folder / "logs")

    def _programs(self, model: str) -> list[Program]:
        logs = {name: self.folder / "logs" / f"{name}.log" for name in (*self.ports, "worker")}
        for log in logs.values():
            log.unlink(missing_ok=True)
        webhook_url = f"http://127.0.0.1:{self.ports['app']}/wechat"
        questions = QUESTIONS if self._has(QUESTIONS) else ""
        return [
            programs.redis_server(self.ports["redis"], self._store, logs["redis"], durable=True),
            programs.model_server(
                self.ports["serving"], self._config, model, logs["serving"], questions
            ),
            programs.wechat(
                *(self.ports["simulator"], webhook_url, self.environment, logs["simulator"]),
                self.line.path,
            ),
            programs.worker(self.environment, self.environment["REDIS_URL"], logs["worker"]),
            programs.webhook(self.ports["app"], self.environment, logs["app"]),
        ]

    def _has(self, model: str) -> bool:
        return model in programs.models_in(*self._models)

    def _write_config(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        models = programs.models_in(*self._models)
        unfinished = self._config.with_suffix(".new")
        unfinished.write_text(programs.model_config(models), "utf-8")
        unfinished.replace(self._config)  # the server reads it whole, old or new

    def welcome(self) -> None:
        """Say where the page is and which model answers."""
        page = f"http://127.0.0.1:{self.ports['simulator']}/"
        self._say(f"\n  Open  {page}   (Ctrl-C ends everything)\n")
        admin = f"http://127.0.0.1:{self.ports['app']}/admin/"
        self._say(f"  Admin {admin}   password: {self.environment['ADMIN_PASSWORD']}\n")
        self.stagehand.publish_menu()
        if self._has(QUESTIONS):
            self._say("  Questions: about circles, squares and triangles, in 中文 or English")
        self.look_for_weights()

    def look_for_weights(self) -> None:
        """Begin to export a better model where Keras' weights can be fetched; say how it stands."""
        if self._has(BETTER_MODEL):
            self._say(f"  Model: {BETTER_MODEL}, 1,000 kinds of things in photographs")
            return
        base = (os.environ.get("KERAS_WEIGHTS_URL") or _WEIGHTS_URL).rstrip("/")
        try:
            found = requests.head(f"{base}/{_WEIGHTS_FILE}", timeout=_LOOK, allow_redirects=True).ok
        except requests.RequestException:
            found = False
        if not found:
            self._say("  Model: demo (handwritten digits, scenes of shapes, something else).")
            self._say(f"  No ImageNet weights from {base}, so photographs stay 'something else'.")
            return
        self._say(f"  Model: demo for now; fetching {BETTER_MODEL} for photographs (29 MB) …")
        self._start_export()

    def _start_export(self) -> None:
        command = [sys.executable, "-m", "serving", "export", BETTER_MODEL]
        with (self.folder / "logs" / "export.log").open("wb") as log:
            self._export = subprocess.Popen(  # noqa: S603  # our own program
                [*command, "--output", str(self._models[-1])],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True, preexec_fn=end_with_parent,  # noqa: PLW1509
            )  # fmt: skip

    def better_model(self) -> None:
        """Switch to the better model once its export is done; called now and then."""
        if self._export is None or self._export.poll() is None:
            return
        failed, self._export = self._export.returncode, None
        if failed:
            self._say(
                f"  The export failed, see {self.folder / 'logs' / 'export.log'}; demo stays."
            )
            return
        self._write_config()
        url = f"http://127.0.0.1:{self.ports['serving']}/v1/models/{BETTER_MODEL}/metadata"
        if not self._until(lambda: answers(url), 60):
            self._say(f"  The model server did not take {BETTER_MODEL}; demo stays.")
            return
        self.supervisor.restart("worker", CLASSIFIER_MODEL=BETTER_MODEL)
        self._say(f"  Model: {BETTER_MODEL} now answers, 1,000 kinds of things in photographs")

    def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.supervisor.stopping:
            if condition():
                return True
            time.sleep(0.2)
        return False

    def pause(self, seconds: float) -> None:
        """Let so many seconds pass, and do meanwhile what the page asks."""
        self.line.serve(seconds, self.stagehand.answer)

    def close(self) -> None:
        """End everything."""
        if self._export is not None:
            self._export.kill()
            self._export.wait()
        self.stagehand.close()
        self.supervisor.close()
        self.line.close()
        shutil.rmtree(self._store, ignore_errors=True)


def no_settings() -> dict[str, str]:
    """Return every setting as not set, so that a real account's are not mixed with made-up ones."""
    names = [name.upper() for name in Settings.model_fields]
    return dict.fromkeys([*names, *(f"{name}_FILE" for name in names), "KANTU_ENV_FILE"], "")


def account_settings(ports: dict[str, int], mode: str = "safe") -> dict[str, str]:
    """Return the settings of an account made up for this run; its secrets live as long."""
    letters = string.ascii_letters + string.digits
    return {
        **no_settings(),
        "WECHAT_TOKEN": secrets.token_hex(16),
        "WECHAT_APP_ID": f"wx{secrets.token_hex(8)}",
        "WECHAT_APP_SECRET": secrets.token_hex(16),
        "WECHAT_AES_KEY": "".join(secrets.choice(letters) for _ in range(42)) + "A",
        "WECHAT_MODE": mode,
        "ADMIN_PASSWORD": secrets.token_hex(8),
        "WECHAT_API_URL": f"http://127.0.0.1:{ports['simulator']}",
        "REDIS_URL": f"redis://127.0.0.1:{ports['redis']}/0",
        "SERVING_URL": f"http://127.0.0.1:{ports['serving']}",
        "VQA_MODEL": NO_MODEL,  # until somebody serves it
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


if __name__ == "__main__":
    sys.exit(main())
