"""WeChat's addresses as nginx' geo takes them: one `ADDRESS 1;` a line. nginx/render says how.

A wrong list lets nobody in, so only a whole one is written, and never one that is empty.
"""

from __future__ import annotations

import ipaddress
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import requests

from contract.settings import Settings
from worker.doctor.account import addresses, refusal, sign_in
from worker.doctor.finding import Finding, Mark, well, wrong
from worker.doctor.wechat_api import WeChatApi
from worker.errcodes import Api

_OPENING = "# Where WeChat calls from, by its getcallbackip; python -m worker doctor writes it.\n"


def renew(settings: Settings, path: Path) -> Iterator[Finding]:
    """Write the list as it is today; give what came of it."""
    wechat = WeChatApi(settings)
    try:
        token, finding = sign_in(wechat, settings)
        if finding.mark is not Mark.WELL:
            yield finding
            return
        answer = wechat.ask("GET", "getcallbackip", token)
    except requests.RequestException as error:  # its text may hold the token
        yield wrong("wechat", "away", url=wechat.url, error=type(error).__name__)
        return
    if answer.errcode:
        yield refusal("callbacks", Api.TOKEN, answer)
    else:
        yield _keep(addresses(answer), path)


def _keep(found: Sequence[str], path: Path) -> Finding:
    if not found:
        return wrong("allowlist", "empty", path=str(path))
    if strange := [each for each in found if not _is_network(each)]:
        return wrong("allowlist", "strange", path=str(path), address=strange[0][:50])
    text = _OPENING + "".join(f"{each} 1;\n" for each in sorted(set(found)))
    try:
        changed = not path.exists() or path.read_text("utf-8") != text
        if changed:
            _replace(path, text)
    except (OSError, UnicodeDecodeError) as error:
        name = getattr(error, "strerror", None) or type(error).__name__
        return wrong("allowlist", "unwritable", path=str(path), error=name)
    return well(
        "allowlist", "written" if changed else "unchanged", path=str(path), count=len(set(found))
    )


def _is_network(text: str) -> bool:
    try:
        return ipaddress.ip_network(text, strict=False).prefixlen > 0
    except ValueError:
        return False


def _replace(path: Path, text: str) -> None:
    """Write a file that is there whole or not at all; raise OSError."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        written = Path(file.name)
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            written.chmod(0o644)  # nginx reads it as another user
            written.replace(path)
        except BaseException:
            written.unlink(missing_ok=True)
            raise
