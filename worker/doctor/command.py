"""Goes through all subjects, says what is found as it is found, and tells the exit status."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Iterator
from typing import TextIO
from urllib.parse import urlsplit

import redis

from contract.connection import connect
from contract.settings import Settings, SettingsError, load_settings
from worker.doctor import account, door, model, store, work
from worker.doctor.finding import Finding, Mark, note, well, wrong
from worker.standing import Standing

_COLOURS = {Mark.WELL: "32", Mark.NOTE: "33", Mark.WRONG: "31"}  # green, yellow, red

Check = Callable[[], Iterator[Finding]]


def offer(flags: argparse.ArgumentParser) -> None:
    """Say what examine() can be told on the command line."""
    flags.description = (
        "Say why there is no reply, and what to do. Nobody is messaged. "
        "Exit status: 0 all well, 1 something must be done, 2 the settings are wrong."
    )
    flags.add_argument(
        "--webhook", default="http://127.0.0.1:8000/wechat", metavar="URL", type=_url,
        help="the webhook to knock at; best as WeChat knows it (default: %(default)s)",
    )  # fmt: skip
    flags.add_argument(
        "--lift-pauses", action="store_true",
        help="first end the pauses of WeChat's API, as after a reset of the day's quota",
    )  # fmt: skip


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise argparse.ArgumentTypeError(f"{text!r} is no URL; expected http://host:port/wechat")
    return text


def examine(webhook: str, *, lift_pauses: bool = False) -> int:
    """Write what is found; return 0 all well, 1 something must be done, 2 wrong settings."""
    logging.disable()  # what is worth saying becomes a line
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # no other is ever there
    report = _Report(sys.stdout)
    try:
        settings = load_settings("wechat_app_secret")
    except SettingsError as error:
        for line in str(error).splitlines():
            report.add(wrong("settings", line, ".env.example explains each"))
        return 2
    report.add(_settings(settings))
    connection = connect(settings)
    here = report.take("Redis", lambda: store.check(settings, connection))
    if here and lift_pauses:
        report.take("pauses", lambda: _lift(settings, connection))
    report.take("WeChat", lambda: account.check(settings))
    report.take("model", lambda: model.check(settings))
    if here:
        report.take("worker", lambda: work.check(settings, connection))
    else:
        report.add(note("worker", "it cannot be looked at without Redis"))
    report.take("webhook", lambda: door.check(settings, webhook))
    return report.end()


def _settings(settings: Settings) -> Finding:
    place = urlsplit(str(settings.redis_url))
    found = (
        f"complete: account {settings.wechat_app_id} in {settings.wechat_mode} mode, Redis at "
        f"{place.hostname}:{place.port or 6379}, models at {settings.serving_url}"
    )
    return well("settings", found)


def _lift(settings: Settings, connection: redis.Redis) -> Iterator[Finding]:
    lifted = Standing(connection, settings.wechat_app_id).lift()
    yield well("pauses of WeChat's API", f"{lifted} lifted")


class _Report:
    """Writes findings, and remembers whether one was wrong."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._colour = out.isatty() and "NO_COLOR" not in os.environ
        self._wrong = 0

    def add(self, finding: Finding) -> None:
        """Write one line."""
        self._wrong += finding.mark is Mark.WRONG
        line = str(finding)
        if self._colour:
            line = f"\x1b[{_COLOURS[finding.mark]}m{line[0]}\x1b[0m{line[1:]}"
        self._out.write(f"{line}\n")
        self._out.flush()

    def take(self, subject: str, check: Check) -> bool:
        """Write what a check finds; return whether it came to its end."""
        try:
            for finding in check():
                self.add(finding)
        except redis.RedisError as error:
            found = f"no connection to Redis ({type(error).__name__}); expected an answer"
            self.add(wrong(subject, found, "start it, or set REDIS_URL to where it is"))
            return False
        except Exception as error:  # noqa: BLE001  # one check that fails must not hide the others
            self.add(
                wrong(subject, f"the check itself failed: {type(error).__name__}", "report it")
            )
            return False
        return True

    def end(self) -> int:
        """Write the sum; return the exit status."""
        if not self._wrong:
            self._out.write("All is well.\n")
            return 0
        self._out.write(f"{self._wrong} to see to: the lines that begin with {Mark.WRONG}.\n")
        return 1
