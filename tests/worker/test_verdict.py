"""worker.verdict, through worker.wechat: what is refused, and for how long it is left alone."""

from __future__ import annotations

import concurrent.futures
import logging

import pytest
import redis

from tests.conftest import APP_ID, WeChatServer, make_settings
from tests.worker.conftest import OPENID, TOKEN_KEY
from tests.worker.odd_server import OddServer, hang, odd_server, running, says
from worker.errors import WeChatParked, WeChatPaused, WeChatRefused, WeChatUnavailable
from worker.wechat import WeChat


def test_refusals_carry_their_code(wechat: WeChat, wechat_server: WeChatServer) -> None:
    with pytest.raises(WeChatRefused) as caught:
        wechat.send_text("o" + "Z" * 27, "hello?")
    assert caught.value.errcode == 40003
    wechat_server.account.clock.advance(48 * 3600 + 1)
    wechat_server.account.credentials.revoke()
    with pytest.raises(WeChatParked) as caught:
        wechat.send_text(OPENID, "too late")
    assert caught.value.errcode == 45015


def refused(connection: redis.Redis, document: dict[str, object]) -> tuple[OddServer, WeChat]:
    """Let one process be refused; return the server, and another process."""
    connection.set(TOKEN_KEY, "token")
    with running(says(document)) as server:
        settings = make_settings(wechat_api_url=server.url)
        with pytest.raises(WeChatPaused):
            WeChat(settings, connection).send_text(OPENID, "x")
    return server, WeChat(settings, connection)


@pytest.mark.parametrize("errcode", [45009, 45011, 40164, 89503, 40013, 40125, 48001])
def test_account_refused_is_asked_for_by_nobody_until_the_pause_ends(
    connection: redis.Redis, errcode: int
) -> None:
    server, other = refused(connection, {"errcode": errcode})
    with pytest.raises(WeChatPaused, match=rf"left alone until .*errcode {errcode}"):
        other.sign_in()
    with pytest.raises(WeChatPaused, match=rf"left alone until .*errcode {errcode}"):
        other.send_text(OPENID, "x")
    assert len(server.paths) == 1
    connection.delete(f"kantu:wechat:{APP_ID}:pause:send")
    other.sign_in()


def test_pause_is_of_one_api(connection: redis.Redis) -> None:
    _, other = refused(connection, {"errcode": 45009})
    with pytest.raises(WeChatUnavailable, match="media/get broke off"):  # the server has gone
        other.fetch_picture("media")


def test_server_that_is_not_on_the_list_is_named(
    connection: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    errmsg = "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 5f-1-2"
    with running(says({"errcode": 40164, "errmsg": errmsg})) as server:
        settings = make_settings(wechat_api_url=server.url)
        with pytest.raises(WeChatPaused, match=r"not on the list: 203\.0\.113\.7$"):
            WeChat(settings, connection).sign_in()
        with pytest.raises(WeChatPaused, match="40164"):
            WeChat(settings, connection).sign_in()
    assert server.paths == ["/cgi-bin/stable_token"]
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "add it to the IP list" in record.getMessage()


def test_token_office_that_does_not_answer_is_waited_for_once(
    connection: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.wechat._TIMEOUT", (1.0, 0.5))

    def fail(wechat: WeChat) -> None:
        with pytest.raises(WeChatPaused, match="did not answer"):
            wechat.sign_in()

    with running(hang(2)) as server, concurrent.futures.ThreadPoolExecutor(8) as threads:
        settings = make_settings(wechat_api_url=server.url)
        list(threads.map(fail, [WeChat(settings, connection) for _ in range(8)]))
    assert len(server.paths) == 1


@pytest.mark.parametrize("errcode", [-1, 40001, 40002, 45009])
def test_errcode_in_place_of_a_token_is_never_about_the_message(
    connection: redis.Redis, errcode: int
) -> None:
    with odd_server(says({"errcode": errcode})) as url:
        wechat = WeChat(make_settings(wechat_api_url=url), connection)
        with pytest.raises(WeChatPaused, match=f"errcode {errcode},"):
            wechat.send_text(OPENID, "x")
