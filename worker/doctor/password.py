"""Passwords that somebody would guess, and files that everybody may read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from contract.password import weaknesses
from contract.settings import Settings
from worker.doctor.finding import Finding, well, wrong


def check(settings: Settings) -> Iterator[Finding]:
    """Give what is found; no password is in it, nor how long it is."""
    yield from _files()
    found = [
        wrong("passwords", case, setting=name, least=least)
        for name, password in _passwords(settings)
        for case, least in weaknesses(password)
    ]
    yield from found or [well("passwords")]


def _passwords(settings: Settings) -> Iterator[tuple[str, str]]:
    """Give those that somebody chose; AppSecret and EncodingAESKey are WeChat's own."""
    for token in settings.wechat_tokens:
        yield "WECHAT_TOKEN", token
    if password := urlsplit(settings.redis_url).password:
        yield "REDIS_URL", unquote(password)
    for name in type(settings).model_fields:
        if name.endswith("_password") and (value := getattr(settings, name)):
            yield name.upper(), value.get_secret_value()


def _files() -> Iterator[Finding]:
    path = Path(os.environ.get("KANTU_ENV_FILE", ".env") or os.devnull)
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if stat.S_ISREG(mode) and mode & (stat.S_IROTH | stat.S_IWOTH | stat.S_IWGRP):
        yield wrong("env_file", "open", path=str(path), mode=stat.S_IMODE(mode))
