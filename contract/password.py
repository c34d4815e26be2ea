"""Passwords that somebody would guess: what program and doctor hold every one of them against."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

LEAST, LEAST_DIFFERENT = 12, 6  # characters
# What stands first on every list, once digits and marks at its ends are taken away.
_COMMON = re.compile(
    "admin|administrator|changeme|default|foobared|guest|kantu|letmein|master|passw0rd|password|"
    "qwerty|redis|root|secret|test|token|user|wechat|weixin|welcome"
)
_ENDS = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_ROWS = (string.digits * 4, string.ascii_lowercase, "qwertyuiopasdfghjklzxcvbnm")
_FAULTS = {
    "common": "is one that everybody tries first",
    "short": "has fewer than {least} characters",
    "uniform": "has fewer than {least} different characters",
}


def weaknesses(password: str) -> Iterator[tuple[str, int]]:
    """Give the first one, if any: common, short or uniform, and the number that it should reach."""
    plain = password.lower()
    if _COMMON.fullmatch(_ENDS.sub("", plain)) or any(plain in row for row in _ROWS):
        yield "common", 0
    elif len(password) < LEAST:
        yield "short", LEAST
    elif len(set(password)) < LEAST_DIFFERENT:
        yield "uniform", LEAST_DIFFERENT


def check_password(password: str) -> None:
    """Raise ValueError for one that is weak; its text holds no part of it."""
    for case, least in weaknesses(password):
        fault = _FAULTS[case].format(least=least)
        raise ValueError(f"{fault}; expected a long random one, as openssl rand -hex 16 makes")
