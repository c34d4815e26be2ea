"""`python -m simulator`: WeChat on this machine, for a webhook on this machine.

It reads the product's own settings (token, AppID, keys, mode), as WeChat's console would hold them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import flask
from gunicorn.app.base import BaseApplication

from contract.settings import Settings, SettingsError, load_settings
from simulator.account import Account
from simulator.api import api
from simulator.courier import Courier
from simulator.faults import Faults
from simulator.guard import guard
from simulator.page import page
from simulator.phone import Phone
from simulator.stage import stage
from simulator.trace import Traces


def main(arguments: Sequence[str]) -> int:
    """Run until told to stop."""
    flags = _parser().parse_args(arguments)
    try:
        settings = load_settings("wechat_app_secret")
    except SettingsError as error:
        sys.stderr.write(f"simulator: wrong settings:\n{error}\n")
        return 2
    _Server(settings, flags).run()
    return 0


def _parser() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    flags.add_argument("--port", type=int, default=8080, help="of the page and the API")
    flags.add_argument("--host", default="127.0.0.1", help="to listen on; in a container 0.0.0.0")
    flags.add_argument("--line", type=Path, help="where the demo answers that owns the programs")
    flags.add_argument("--webhook", default="http://127.0.0.1:8000/wechat", help="where to deliver")
    return flags


def create_app(
    settings: Settings, *, address: str, webhook: str, line: Path | None = None
) -> flask.Flask:
    """Return WeChat's API and the chat page; line: to the demo, where there is one."""
    secret = settings.wechat_app_secret
    account = Account(settings.wechat_app_id, secret.get_secret_value() if secret else "")
    courier, trace = Courier(account, settings, webhook), Traces(settings).read
    phone = Phone(account, courier, address)
    app = flask.Flask("simulator")
    app.json.sort_keys = False  # type: ignore[attr-defined]  # what is shown has its order
    guard(app)
    app.register_blueprint(api(account))
    app.register_blueprint(page(account, phone, trace))
    app.register_blueprint(stage(account, Faults(account, phone, courier, line), trace))
    return app


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn with one process, which holds WeChat's memory, and threads."""

    def __init__(self, settings: Settings, flags: argparse.Namespace) -> None:
        self._settings, self._flags = settings, flags
        super().__init__()

    def load_config(self) -> None:
        """Tell gunicorn how to run: on loopback only, unless told otherwise."""
        self.cfg.set("bind", f"{self._flags.host}:{self._flags.port}")
        self.cfg.set("worker_class", "gthread")
        self.cfg.set("threads", 64)
        self.cfg.set("timeout", 0)
        self.cfg.set("graceful_timeout", 2)
        self.cfg.set("loglevel", "warning")
        self.cfg.set("control_socket_disable", True)  # noqa: FBT003  # one place for every gunicorn

    def load(self) -> flask.Flask:
        """Return the application, in the one process that serves."""
        address = f"http://127.0.0.1:{self._flags.port}"
        return create_app(
            self._settings, address=address, webhook=self._flags.webhook, line=self._flags.line
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
