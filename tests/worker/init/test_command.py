"""`python -m worker init` on a real terminal, with WeChat, Redis and a model server to try."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contract.settings import load_settings
from tests.conftest import AES_KEY, APP_ID, APP_SECRET, TOKEN, WeChatServer
from tests.worker.init.terminal import ROOT, Terminal
from tests.worker.odd_server import answer, odd_server

EXAMPLE = (ROOT / ".env.example").read_text("utf-8")
SERVED = (
    b'{"model_version_status": [{"version": "1", "state": "AVAILABLE", '
    b'"status": {"error_code": "OK", "error_message": ""}}]}'
)
Start = Callable[..., Terminal]


@pytest.fixture(scope="module")
def models_url() -> Iterator[str]:
    with odd_server(answer(200, SERVED)) as url:
        yield url


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".env"


@pytest.fixture
def start(path: Path, wechat_server: WeChatServer) -> Iterator[Start]:
    """Begin an interview about a file that knows where WeChat is, and what else it is given."""

    def begin(*arguments: str, language: str = "en", **known: str) -> Terminal:
        known = {"WECHAT_API_URL": wechat_server.url, **known}
        text = path.read_text("utf-8") if path.exists() else EXAMPLE
        path.write_text(text + "".join(f"{name}={value}\n" for name, value in known.items()))
        flags = ("--language", language) if language else ()
        terminal = Terminal(["init", "--file", str(path), *flags, *arguments], os.environ)
        begun.append(terminal)
        return terminal

    begun = list[Terminal]()
    yield begin
    for terminal in begun:
        terminal.close()


def identify(terminal: Terminal, secret: str = APP_SECRET) -> None:
    terminal.answer("AppID (wx…)", APP_ID)
    terminal.answer("AppSecret", secret)


def accept_the_rest(terminal: Terminal, *questions: str) -> int:
    """Press Enter to all that is asked; return the exit status."""
    for question in questions or ("messages are sent", "Token", "EncodingAESKey", "replies go out"):
        terminal.answer(question)
    for question in ("Redis: ", "model server: "):
        terminal.answer(question)
    return terminal.end()


def changes(path: Path) -> list[str]:
    """Return the lines that are not the template's."""
    known = set(EXAMPLE.splitlines())
    return [line for line in path.read_text("utf-8").splitlines() if line not in known]


def test_account_is_set_up_from_nothing(
    start: Start, path: Path, redis_url: str, models_url: str
) -> None:
    terminal = start(language="")
    terminal.wait_for("你和粉丝用什么语言？Which language")
    terminal.press(b"en\n")
    identify(terminal)
    terminal.wait_for("✓ access token")
    terminal.wait_for("✓ customer-service messages")
    for question in ("messages are sent", "Token", "EncodingAESKey", "replies go out"):
        terminal.answer(question)
    terminal.answer("Redis: ", redis_url)
    terminal.answer("model server: ", models_url)
    assert terminal.end() == 0
    settings = load_settings("wechat_app_secret", env_file=str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]
    assert (settings.language, settings.wechat_app_id, settings.redis_url) == (
        "en",
        APP_ID,
        redis_url,
    )
    key = settings.wechat_aes_key
    assert key is not None
    for secret in (APP_SECRET, settings.wechat_tokens[0], key.get_secret_value()):
        assert secret in path.read_text("utf-8")
        assert secret not in terminal.seen
    comments = [line for line in EXAMPLE.splitlines() if line.startswith("# ")]
    assert [line for line in path.read_text("utf-8").splitlines() if line.startswith("# ")] == (
        comments
    )
    assert "✓ the model server answers" in terminal.seen
    assert "python -m worker doctor --webhook" in terminal.seen


def test_enter_keeps_everything(start: Start, path: Path, redis_url: str, models_url: str) -> None:
    known = {
        "WECHAT_APP_ID": APP_ID, "WECHAT_APP_SECRET": APP_SECRET, "WECHAT_TOKEN": TOKEN,
        "WECHAT_AES_KEY": AES_KEY, "REDIS_URL": redis_url, "SERVING_URL": models_url,
        "LANGUAGE": "en", "PICTURE_TTL": "99",
    }  # fmt: skip
    terminal = start(language="", **known)
    before = path.read_text("utf-8")
    assert accept_the_rest(
        terminal, "AppID", "AppSecret", "messages are sent", "Token", "EncodingAESKey", "replies go"
    ) == 0  # fmt: skip
    assert path.read_text("utf-8") == before
    assert [each for each in (APP_SECRET, TOKEN, AES_KEY) if each in terminal.seen] == []


def test_wrong_secret_is_noticed_and_asked_again(
    start: Start, path: Path, redis_url: str, models_url: str
) -> None:
    terminal = start(REDIS_URL=redis_url, SERVING_URL=models_url)
    identify(terminal, "wrong-canary")
    terminal.wait_for("errcode 40125, the AppSecret is wrong")
    terminal.wait_for("Enter it again?")
    terminal.press(b"y\n")
    terminal.answer("AppID (wx…)")
    terminal.answer("AppSecret", APP_SECRET)
    terminal.wait_for("✓ access token")
    assert accept_the_rest(terminal) == 0
    assert "canary" not in terminal.seen + path.read_text("utf-8")


def test_address_for_the_list_is_shown_and_tried_again(
    start: Start, wechat_server: WeChatServer, redis_url: str, models_url: str
) -> None:
    wechat_server.account.listed = set()
    terminal = start(REDIS_URL=redis_url, SERVING_URL=models_url)
    identify(terminal)
    terminal.wait_for("this server's address is not on the list: 127.0.0.1")
    terminal.wait_for("Ask WeChat again?")
    wechat_server.account.listed = {"127.0.0.1"}
    terminal.press(b"y\n")
    terminal.wait_for("✓ access token")
    assert accept_the_rest(terminal) == 0


def test_account_that_may_not_push_is_offered_passive_replies(
    start: Start, path: Path, wechat_server: WeChatServer, redis_url: str, models_url: str
) -> None:
    wechat_server.account.verified = False
    terminal = start(REDIS_URL=redis_url, SERVING_URL=models_url)
    identify(terminal)
    terminal.wait_for("errcode 48001")
    assert accept_the_rest(terminal) == 0
    assert "WECHAT_REPLY=passive" in changes(path)


def test_what_cannot_be_used_is_asked_again_in_chinese(
    start: Start, path: Path, redis_url: str, models_url: str
) -> None:
    terminal = start(language="zh", REDIS_URL=redis_url, SERVING_URL=models_url)
    terminal.wait_for("AppID（wx…）")
    terminal.press(b"12\n")
    terminal.wait_for("应当：从公众平台复制 AppID")
    terminal.wait_for("AppID（wx…）：")
    terminal.press(APP_ID.encode() + b"\n")
    terminal.wait_for("AppSecret：")
    terminal.press(APP_SECRET.encode() + b"\n")
    terminal.wait_for("这个公众号可以发")
    terminal.wait_for("[safe]：")
    terminal.press("明文模式\n".encode())
    terminal.wait_for("应当：填 safe（安全模式）")
    terminal.wait_for("测试号用）：")  # Enter would not do any more
    terminal.press(b"plain\n")
    terminal.wait_for("回车生成一个]：")
    terminal.press(b"x\n")
    terminal.wait_for("应当：3 到 32 个字母和数字")
    terminal.wait_for("回车生成一个]：")
    terminal.press(b"\n")
    for question in ("[push]：", f"[{redis_url}]：", f"[{models_url}]："):
        terminal.wait_for(question)
        terminal.press(b"\n")
    assert terminal.end() == 0
    assert "WECHAT_MODE=plain" in changes(path)
    assert "WECHAT_AES_KEY=" in path.read_text("utf-8").splitlines()


@pytest.mark.parametrize(
    ("question", "key"),
    [("AppID (wx…): ", b"\x04"), ("AppSecret: ", b"\x03")],
    ids=["Ctrl-D", "Ctrl-C, unseen"],
)
def test_interview_that_is_broken_off_leaves_everything_as_it_was(
    start: Start, path: Path, question: str, key: bytes
) -> None:
    terminal = start()
    before = path.read_text("utf-8")
    if question == "AppSecret: ":
        terminal.answer("AppID (wx…)", APP_ID)
    terminal.wait_for(question)
    terminal.press(key)
    assert terminal.end() == 130
    assert terminal.seen.endswith("Nothing was written.\r\n")
    assert "Traceback" not in terminal.seen
    assert (path.read_text("utf-8"), list(path.parent.iterdir())) == (before, [path])


def test_without_a_terminal_it_says_what_to_do(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "worker", "init", "--file", str(path), "--language", "en"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("python -m worker init asks questions, so it needs a terminal.")
    assert not path.exists()
