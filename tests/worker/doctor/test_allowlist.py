"""`doctor --write-nginx-allowlist`: whole and right, or not at all."""

from __future__ import annotations

import http.server
import json
import os
import stat
from pathlib import Path

import pytest

from tests.conftest import APP_SECRET, WeChatServer, make_settings
from tests.worker.odd_server import Respond, answer, odd_server
from worker.doctor import allowlist
from worker.doctor.finding import Finding, Mark

ADDRESSES = ["101.226.103.0/25", "1.2.3.4", "2402:4e00::/32"]


def renew(url: str, path: Path) -> Finding:
    (finding,) = allowlist.renew(make_settings(wechat_api_url=url), path)
    return finding


def naming(ip_list: object) -> Respond:
    """Return a WeChat that gives a token, and then these addresses."""

    def respond(handler: http.server.BaseHTTPRequestHandler) -> None:
        token = {"access_token": "a-token-of-canaries", "expires_in": 7200}
        said = token if "stable_token" in handler.path else {"ip_list": ip_list}
        answer(200, json.dumps(said).encode())(handler)

    return respond


def test_list_is_written_as_nginx_takes_it(wechat_server: WeChatServer, tmp_path: Path) -> None:
    wechat_server.account.callback_addresses = ADDRESSES
    path = tmp_path / "allowlist.conf"
    found = renew(wechat_server.url, path)
    assert (found.mark, found.case, found.values["count"]) == (Mark.WELL, "written", 3)
    first, *lines = path.read_text().splitlines()
    assert first.startswith("# ")
    assert lines == ["1.2.3.4 1;", "101.226.103.0/25 1;", "2402:4e00::/32 1;"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert os.listdir(tmp_path) == ["allowlist.conf"]  # noqa: PTH208  # nothing half-written
    assert renew(wechat_server.url, path).case == "unchanged"


@pytest.mark.parametrize(
    ("ip_list", "case"),
    [
        ([], "empty"),
        (None, "empty"),
        (["1.2.3.4", "0.0.0.0/0"], "strange"),
        (["1.2.3.4 1; } server {"], "strange"),
    ],
)
def test_list_that_would_let_nobody_or_anybody_in_is_refused(
    tmp_path: Path, ip_list: object, case: str
) -> None:
    path = tmp_path / "allowlist.conf"
    path.write_text("1.1.1.1 1;\n")
    with odd_server(naming(ip_list)) as url:
        found = renew(url, path)
    assert (found.mark, found.case) == (Mark.WRONG, case)
    assert path.read_text() == "1.1.1.1 1;\n"


def test_folder_that_is_not_there_is_named(wechat_server: WeChatServer, tmp_path: Path) -> None:
    found = renew(wechat_server.url, tmp_path / "none" / "allowlist.conf")
    assert (found.mark, found.case) == (Mark.WRONG, "unwritable")


def test_account_that_is_not_let_in_leaves_the_list(
    wechat_server: WeChatServer, tmp_path: Path
) -> None:
    wechat_server.account.listed = set()
    found = renew(wechat_server.url, tmp_path / "allowlist.conf")
    assert (found.check, found.values["errcode"]) == ("token", 40164)
    assert list(tmp_path.iterdir()) == []
    assert APP_SECRET not in str(found)
