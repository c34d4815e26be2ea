"""`python -m worker menu` as a program, against WeChat's own checks over HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from launch.supervisor import free_port
from tests.conftest import AES_KEY, APP_ID, APP_SECRET, TOKEN, WeChatServer
from tests.worker.odd_server import answer, odd_server
from worker.button import TYPES, MenuError, parse

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "menu.json"
CLICK = {"type": "click", "name": "帮助", "key": "help"}
Menu = Callable[..., tuple[int, str, str]]


@pytest.fixture
def menu(wechat_server: WeChatServer) -> Menu:
    """Run the command with some settings changed; return status, stdout and stderr."""

    def run(*arguments: str, **changes: str) -> tuple[int, str, str]:
        environment = os.environ | {
            "WECHAT_TOKEN": TOKEN, "WECHAT_APP_ID": APP_ID, "WECHAT_APP_SECRET": APP_SECRET,
            "WECHAT_AES_KEY": AES_KEY, "WECHAT_API_URL": wechat_server.url, "LC_ALL": "C",
            "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",  # it is not needed
            "LANGUAGE": "en",
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "worker", "menu", *arguments],
            cwd=ROOT, env=environment | changes, capture_output=True, encoding="utf-8",
            timeout=60, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        assert not [secret for secret in (APP_SECRET, AES_KEY, TOKEN) if secret in done.stderr]
        return done.returncode, done.stdout, done.stderr

    return run


def write(folder: Path, *buttons: Any) -> str:
    path = folder / "menu.json"
    path.write_text(json.dumps({"button": list(buttons)}), "utf-8")
    return str(path)


def test_menu_is_published_shown_and_removed(menu: Menu, wechat_server: WeChatServer) -> None:
    status, said, _ = menu("publish", str(EXAMPLE))
    assert (status, said[:17]) == (0, "✓ menu: published")
    example = json.loads(EXAMPLE.read_text("utf-8"))
    assert wechat_server.account.menu.get()[0]["name"] == "拍照识图"
    status, said, _ = menu("show")
    assert (status, json.loads(said)) == (0, example)
    assert "拍照识图" in said  # for people to read
    status, said, _ = menu("remove")
    assert (status, said[:15]) == (0, "✓ menu: removed")
    assert menu("show") == (0, "", "! menu: there is none\n")


def test_what_is_shown_can_be_published(menu: Menu, tmp_path: Path) -> None:
    menu("publish", str(EXAMPLE))
    shown = tmp_path / "shown.json"
    shown.write_text(menu("show")[1], "utf-8")
    assert menu("publish", str(shown))[0] == 0


def test_every_wrong_button_is_named_and_nothing_is_asked(
    menu: Menu, tmp_path: Path, wechat_server: WeChatServer
) -> None:
    long = {**CLICK, "name": "长" * 21}
    file = write(tmp_path, {"name": "更多", "sub_button": [CLICK, long]}, {**CLICK, "key": ""})
    status, said, problems = menu("publish", file)
    assert (status, said) == (2, "")
    first, second = problems.splitlines()
    assert first.startswith(
        f"✗ {file}: button 1 “更多”, button 2 “{long['name']}”: name has 63 bytes"
    )
    assert second == f"✗ {file}: button 2 “帮助”: key is ''; expected a text"
    assert wechat_server.requests == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1", "it is no JSON: "),
        ("[" * 100_000, "it is no JSON: "),
        ('"\\ud83d"', "it is no JSON: "),
        ("[]", "it has list; expected "),
        ('{"button": [], "matchrule": {}}', "it has the keys ['button', 'matchrule']; expected "),
        ('{"button": []}', "the menu: found 0 buttons; expected a list of 1 to 3"),
        ('{"button": {}}', "the menu: found dict buttons; expected a list of 1 to 3"),
        ('{"button": [1]}', "button 1: found int; expected an object"),
    ],
)
def test_what_is_no_menu_is_refused(text: str, said: str) -> None:
    with pytest.raises(MenuError) as error:
        parse(text)
    assert str(error.value).startswith(said)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": " "}, "name is ' '; expected a text"),
        ({"name": "长" * 6}, "name has 18 bytes of UTF-8; expected 16 at most"),
        ({"type": "klick"}, "type 'klick'; expected one of click, view, "),
        ({"type": ["click"]}, "type ['click']; expected one of "),
        ({"key": "k" * 129}, "key has 129 bytes of UTF-8; expected 128 at most"),
        ({"type": "view"}, "url is None; expected a text"),
        ({"type": "view", "url": "example.com"}, "url is 'example.com'; expected http://"),
        ({"type": "miniprogram", "url": "http://a", "appid": "x"}, "pagepath is None; expected"),
        ({"sub_button": [CLICK] * 6}, "found 6 buttons; expected a list of 1 to 5"),
        ({"sub_button": [{**CLICK, "sub_button": [CLICK]}]}, "it has buttons below it; expected"),
    ],
)
def test_each_fault_of_a_button_is_told(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(MenuError) as error:
        parse(json.dumps({"button": [{**CLICK, **changes}]}))
    assert f": {said}" in str(error.value)


@pytest.mark.parametrize("kind", TYPES)
def test_wechat_takes_every_type_that_we_take(kind: str, wechat_server: WeChatServer) -> None:
    button = {"type": kind, "name": "名", **dict.fromkeys(TYPES[kind], "https://a")}
    wechat_server.account.menu.create(parse(json.dumps({"button": [button]}))["button"])


def test_file_that_is_not_there_is_told(menu: Menu) -> None:
    status, _, said = menu("publish", "nowhere.json")
    assert (status, said[:32]) == (2, "✗ nowhere.json: it cannot be rea")


def test_wrong_settings_are_told(menu: Menu) -> None:
    status, _, said = menu("show", WECHAT_APP_SECRET="")
    assert (status, said[:24]) == (2, "✗ settings: WECHAT_APP_S")


def test_account_without_permission_is_told(menu: Menu, wechat_server: WeChatServer) -> None:
    wechat_server.account.verified = False
    status, said, problems = menu("remove")
    assert (status, said) == (1, "")
    assert problems.startswith(
        "✗ menu: WeChat refuses with errcode 48001, this account may not use"
    )
    assert problems.endswith("What to do: have the account verified (微信认证)\n")


def test_wrong_secret_is_told(menu: Menu) -> None:
    status, _, said = menu("show", WECHAT_APP_SECRET="another")
    assert status == 1
    assert said.startswith("✗ access token: WeChat refuses with errcode 40125, the AppSecret is wr")


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b'{"errcode": 46003}', 0, "! menu: there is none"),
        (b'{"errcode": 40018}', 1, "✗ menu: WeChat refuses with errcode 40018, the menu does not"),
        (b'{"errcode": -1}', 1, "✗ menu: WeChat refuses with errcode -1, WeChat is busy"),
        (b"<html>", 1, "✗ menu: the answer is not one of WeChat's; expected an errcode"),
    ],
)
def test_each_answer_of_wechat_is_a_clear_line(
    menu: Menu, body: bytes, status: int, said: str
) -> None:
    token = b'{"access_token": "t", "expires_in": 7200}'

    def respond(handler: Any) -> None:
        answer(200, token if "stable_token" in handler.path else body)(handler)

    with odd_server(respond) as url:
        found, _, lines = menu("show", WECHAT_API_URL=url)
    assert (found, lines[: len(said)]) == (status, said)


def test_wechat_away_is_told_without_the_token(menu: Menu) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    status, _, said = menu("show", WECHAT_API_URL=url)
    assert status == 1
    assert said.startswith(f"✗ WeChat: no answer from {url} (ConnectionError). What to do: ")
