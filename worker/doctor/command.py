"""Goes through all subjects, says what is found as it is found, and tells the exit status."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import redis

from contract.connection import connect
from contract.redis_url import without_login
from contract.settings import Settings, SettingsError, load_settings
from labels import LANGUAGES
from worker.doctor import (
    account,
    allowlist,
    certificate,
    fresh_start,
    model,
    password,
    store,
    webhook,
    work,
)
from worker.doctor.finding import Finding, note, well, wrong, wrong_settings
from worker.doctor.report import Json, Lines, Report
from worker.doctor.wording import choose_language

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
    flags.add_argument(
        "--clear-quota", action="store_true",
        help="first have WeChat count the day's calls anew, ten times a month; ends pauses, too",
    )  # fmt: skip
    flags.add_argument(
        "--write-nginx-allowlist", metavar="FILE", type=Path,
        help="write WeChat's addresses for nginx, and do nothing else",
    )  # fmt: skip
    flags.add_argument("--json", action="store_true", help="for programs: docs/doctor.md")
    flags.add_argument("--language", choices=LANGUAGES, help="(default: LANGUAGE)")


def _url(text: str) -> str:
    parts = urlsplit(text)
    try:
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise argparse.ArgumentTypeError(f"{text!r} is no URL; expected http://host:port/wechat")
    return text


def examine(flags: argparse.Namespace) -> int:
    """Write what is found; return 0 all well, 1 something must be done, 2 wrong settings."""
    logging.disable()  # what is worth saying becomes a line
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]  # no other is ever there
    report = (Json if flags.json else Lines)(sys.stdout, choose_language(flags.language))
    try:
        return _examine(report, flags)
    except BrokenPipeError:  # whoever reads has seen enough, such as head; nor can Python say more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _examine(report: Report, flags: argparse.Namespace) -> int:
    try:
        settings = load_settings("wechat_app_secret")
    except SettingsError as error:
        for finding in wrong_settings(error):
            report.add(finding)
        return report.end()
    if path := flags.write_nginx_allowlist:
        take(report, lambda: allowlist.renew(settings, path))
    else:
        _examine_all(report, settings, flags)
    return report.end()


def _examine_all(report: Report, settings: Settings, flags: argparse.Namespace) -> None:
    report.add(_settings(settings))
    take(report, lambda: password.check(settings))
    connection = connect(settings)
    here = take(report, lambda: store.check(settings, connection))
    if flags.clear_quota:
        take(report, lambda: fresh_start.clear_quota(settings))
    if here and (flags.lift_pauses or flags.clear_quota):
        take(report, lambda: fresh_start.lift_pauses(settings, connection))
    take(report, lambda: account.check(settings))
    take(report, lambda: model.check(settings))
    if here:
        take(report, lambda: work.check(settings, connection))
    else:
        report.add(note("worker", "unseen"))
    take(report, lambda: certificate.check(flags.webhook))
    take(report, lambda: webhook.check(settings, flags.webhook))


def _settings(settings: Settings) -> Finding:
    return well(
        "settings",
        account=settings.wechat_app_id,
        mode=settings.wechat_mode,
        redis=without_login(settings.redis_url),
        serving=settings.serving_url,
    )


def take(report: Report, check: Check) -> bool:
    """Report what a check finds; return whether it came to its end."""
    try:
        for finding in check():
            report.add(finding)
    except redis.AuthenticationError:
        report.add(wrong("redis", "login"))
        return False
    except redis.RedisError as error:
        report.add(wrong("redis", "away", error=type(error).__name__))
        return False
    except Exception as error:  # noqa: BLE001  # one check that fails must not hide the others
        report.add(wrong("doctor", "crashed", error=type(error).__name__))
        return False
    return True
