"""`make run`: the product for real, from `.env`, against WeChat itself; without Docker.

Redis and the model server are started here where `.env` names this machine and none answers yet;
then the worker, and then the webhook.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

import redis

from contract.connection import connect_to
from contract.redis_url import without_login
from contract.settings import Settings, SettingsError, load_settings
from launch import programs
from launch.supervisor import ROOT, LaunchError, Program, Supervisor, answers, say

FOLDER = ROOT / ".kantu"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def main() -> int:
    """Run until Ctrl-C; return 0, or 1 with what to do on standard error."""
    try:
        settings = read_settings(ROOT / ".env")
        port = webhook_port(os.environ.get("PORT", "8000"))
        supervisor = Supervisor(choose_servers(settings), say)
    except (SettingsError, LaunchError) as error:
        sys.stderr.write(f"✗ {error}\n")
        return 1

    def let_in() -> None:
        # After the model server, so that it can hold the model against its labels.
        supervisor.join(programs.worker({}, settings.redis_url, None))
        # Last, so that no picture comes in before somebody can look at it.
        supervisor.join(programs.webhook(port, {}, None))
        say(f"\n  The webhook is http://127.0.0.1:{port}/wechat   (Ctrl-C ends everything)")
        say("  WeChat needs it as http(s)://your.domain/wechat: docs/connect.md\n")

    say("Kantu 看图, from .env:")
    return supervisor.live(let_in, lambda: None)


def read_settings(path: Path) -> Settings:
    """Return the settings; raise SettingsError, or LaunchError where there is no `.env` yet."""
    env_file = os.environ.get("KANTU_ENV_FILE", str(path))
    if env_file == str(path) and not path.exists() and not os.environ.get("WECHAT_TOKEN"):
        shutil.copy(ROOT / ".env.example", path)
        path.chmod(0o600)
        raise LaunchError(
            "there was no .env; .env.example has been copied there.\n"
            "  Fill in WECHAT_TOKEN, WECHAT_APP_ID, WECHAT_APP_SECRET and WECHAT_AES_KEY, or have\n"
            "  .venv/bin/python -m worker init ask for them; then make run again.\n"
            "  docs/connect.md says where WeChat shows them."
        )
    try:
        return load_settings("wechat_app_secret", env_file=env_file)
    except SettingsError as error:
        raise SettingsError(f"wrong settings, in .env or the environment:\n{error}") from None


def webhook_port(text: str) -> int:
    """Return the port for the webhook; raise LaunchError where it is no port, or taken."""
    if not (text.isdecimal() and 0 < int(text) < 65536):
        raise LaunchError(f"PORT={text!r} is not a port; expected 1 to 65535")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except OSError as error:
            raise LaunchError(
                f"port {text} cannot be used: {error.strerror}.\n"
                f"  Another one:  PORT={(int(text) + 1) % 65536} make run"
            ) from None
    return int(text)


def choose_servers(settings: Settings) -> list[Program]:
    """Return what the worker needs, Redis and the model server, each only where none is there."""
    chosen: list[Program] = []
    if needs_redis(settings.redis_url):
        redis_port = urlsplit(settings.redis_url).port or 6379
        folder = FOLDER / "redis"
        chosen.append(programs.redis_server(redis_port, folder, None, durable=True))
    if needs_model_server(settings.serving_url, settings.classifier_model):
        FOLDER.mkdir(exist_ok=True)
        config = FOLDER / "models.config"
        models = programs.models_in(programs.MODELS)
        config.write_text(programs.model_config(models), "utf-8")
        for model, name in (
            (settings.classifier_model, "CLASSIFIER_MODEL"),
            (settings.vqa_model, "VQA_MODEL"),
        ):
            if model and model not in models:
                raise LaunchError(
                    f"there is no model {model} in {programs.MODELS}, only "
                    f"{', '.join(models)}.\n  python -m serving export --help, or set {name}"
                )
        serving_port = urlsplit(settings.serving_url).port or 8501
        model = settings.classifier_model
        chosen.append(programs.model_server(serving_port, config, model, None, settings.vqa_model))
    return chosen


def needs_redis(url: str) -> bool:
    """Return whether Redis is to be started here; raise LaunchError for one that is away."""
    place = without_login(url)
    try:
        connect_to(url).ping()
    except redis.AuthenticationError as error:
        raise LaunchError(f"Redis at {place} refuses us: {error}") from None
    except redis.RedisError:
        if not url.startswith("redis://") or urlsplit(url).hostname not in _LOOPBACK:
            raise LaunchError(f"no Redis answers at {place} (REDIS_URL)") from None
        return True
    return False


def needs_model_server(url: str, model: str) -> bool:
    """Return whether the model server is to be started here."""
    return urlsplit(url).hostname in _LOOPBACK and not answers(f"{url}/v1/models/{model}")


if __name__ == "__main__":
    sys.exit(main())
