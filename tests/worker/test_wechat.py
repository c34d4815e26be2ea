"""worker.wechat, against the simulator's API and against servers that misbehave."""

from __future__ import annotations

import concurrent.futures
import contextlib
import http.server
import itertools
import socket
import threading
import traceback
from collections.abc import Iterator

import pytest
import redis

from contract.connection import connect_to
from launch.supervisor import free_port
from simulator.errors import ApiError
from tests.conftest import APP_SECRET, WeChatServer, make_settings
from tests.worker.conftest import OPENID, TOKEN_KEY
from tests.worker.odd_server import Respond, answer, odd_server, running, says
from worker.errors import SendBroken, WeChatParked, WeChatPaused, WeChatRefused, WeChatUnavailable
from worker.wechat import WeChat


def test_message_arrives(wechat: WeChat, wechat_server: WeChatServer) -> None:
    wechat.send_text(OPENID, '让我猜猜 😀 \\ "quoted"')
    assert wechat_server.texts() == ['让我猜猜 😀 \\ "quoted"']


def test_one_token_serves_many_calls(wechat: WeChat, wechat_server: WeChatServer) -> None:
    media_id = wechat_server.account.media.keep(b"\xff\xd8")
    for _ in range(5):
        wechat.fetch_picture(media_id)
    assert wechat_server.account.credentials.fetched == 1


def test_revoked_token_is_replaced_once(wechat: WeChat, wechat_server: WeChatServer) -> None:
    wechat.send_text(OPENID, "one")
    wechat_server.account.credentials.revoke()
    wechat.send_text(OPENID, "two")
    assert wechat_server.texts() == ["one", "two"]
    assert wechat_server.account.credentials.fetched == 2


def test_token_refused_for_ever_is_no_endless_loop(
    wechat: WeChat, wechat_server: WeChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_token: str) -> None:
        raise ApiError(40001)

    monkeypatch.setattr(wechat_server.account.credentials, "check", refuse)
    with pytest.raises(WeChatUnavailable):
        wechat.send_text(OPENID, "never")
    assert len(wechat_server.requests) <= 5


def test_token_refused_for_ever_costs_two_token_calls_a_minute_for_all_together(
    wechat_server: WeChatServer, connection: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_token: str) -> None:
        raise ApiError(40001)

    monkeypatch.setattr(wechat_server.account.credentials, "check", refuse)
    settings = make_settings(wechat_api_url=wechat_server.url)
    processes = [WeChat(settings, connection) for _ in range(8)]

    def fail(wechat: WeChat) -> None:
        with pytest.raises(WeChatUnavailable):
            wechat.send_text(OPENID, "never")

    with concurrent.futures.ThreadPoolExecutor(16) as threads:
        list(threads.map(fail, processes * 5))
    assert wechat_server.requests.count("/cgi-bin/stable_token") == 2
    before = len(wechat_server.requests)
    with pytest.raises(WeChatPaused, match="refuses its own token"):
        processes[0].fetch_picture("media")
    assert len(wechat_server.requests) == before


def test_wrong_secret_is_refused_without_showing_it(
    wechat_server: WeChatServer, connection: redis.Redis
) -> None:
    settings = make_settings(wechat_api_url=wechat_server.url, wechat_app_secret="WRONG-SECRET")
    with pytest.raises(WeChatUnavailable, match="40125") as caught:
        WeChat(settings, connection).send_text(OPENID, "x")
    assert "WRONG-SECRET" not in "".join(traceback.format_exception(caught.value))


def test_nobody_there_means_nothing_was_sent(connection: redis.Redis) -> None:
    connection.set(TOKEN_KEY, "token")
    settings = make_settings(wechat_api_url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(WeChatUnavailable):
        WeChat(settings, connection).send_text(OPENID, "x")


def test_connection_cut_after_the_request_leaves_it_open(connection: redis.Redis) -> None:
    connection.set(TOKEN_KEY, "a-token-not-to-be-shown")
    with cutting_server() as url, pytest.raises(SendBroken) as caught:
        WeChat(make_settings(wechat_api_url=url), connection).send_text(OPENID, "x")
    trace = "".join(traceback.format_exception(caught.value))
    assert "a-token-not-to-be-shown" not in trace
    assert APP_SECRET not in trace
    assert OPENID not in trace


@contextlib.contextmanager
def cutting_server() -> Iterator[str]:
    """Read a request, then hang up without a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(65536)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize(
    ("respond", "error"),
    [
        pytest.param(answer(200, b"<html>a proxy says hello</html>"), SendBroken, id="HTML"),
        pytest.param(answer(504, b"gateway timeout"), SendBroken, id="504"),
        pytest.param(answer(200, b"{}"), SendBroken, id="no errcode"),
        pytest.param(answer(200, b"[]"), SendBroken, id="a list"),
        pytest.param(answer(200, b'{"errcode": null}'), SendBroken, id="null"),
        pytest.param(answer(200, b'{"errcode": "no"}'), SendBroken, id="a word"),
        pytest.param(answer(302, b"", headers={"Location": "/"}), SendBroken, id="elsewhere"),
        pytest.param(answer(200, bytes(2**21), 2**40), SendBroken, id="endless"),
        pytest.param(answer(200, b'{"errcode": -1}'), WeChatUnavailable, id="busy"),
        pytest.param(answer(200, b'{"errcode": 45009}'), WeChatPaused, id="quota"),
        pytest.param(answer(200, b'{"errcode": 45002}'), WeChatRefused, id="too long"),
        pytest.param(answer(200, b'{"errcode": 45047}'), WeChatParked, id="parked"),
        pytest.param(answer(200, b'{"errcode": 99999}'), WeChatRefused, id="unheard of"),
    ],
)
def test_only_a_definite_refusal_means_that_nothing_was_sent(
    connection: redis.Redis, respond: Respond, error: type[Exception]
) -> None:
    connection.set(TOKEN_KEY, "token")
    with odd_server(respond) as url, pytest.raises(error):
        WeChat(make_settings(wechat_api_url=url), connection).send_text(OPENID, "x")


@pytest.mark.parametrize("body", [b"<html>", b'{"access_token":"x"}', b"[]", b'{"errcode":null}'])
def test_no_token_where_wechat_speaks_in_riddles(connection: redis.Redis, body: bytes) -> None:
    with odd_server(answer(200, body)) as url, pytest.raises(WeChatUnavailable):
        WeChat(make_settings(wechat_api_url=url), connection).send_text(OPENID, "x")


def test_token_of_another_account_is_not_used(
    wechat: WeChat, wechat_server: WeChatServer, connection: redis.Redis
) -> None:
    connection.set("kantu:wechat:wx0000000000000000:token", "of the test account")
    wechat.send_text(OPENID, "hello")
    assert wechat_server.texts() == ["hello"]


def test_redis_that_goes_away_is_no_crash(wechat_server: WeChatServer) -> None:
    away = connect_to(f"redis://127.0.0.1:{free_port()}")
    with pytest.raises(WeChatUnavailable, match="Redis is away"):
        WeChat(make_settings(wechat_api_url=wechat_server.url), away).sign_in()


def test_signing_in_and_sending_cost_one_trip_to_redis(
    wechat: WeChat, connection: redis.Redis
) -> None:
    wechat.sign_in()
    connection.config_resetstat()
    wechat.sign_in()
    wechat.send_text(OPENID, "x")
    stats = connection.info("commandstats")
    assert sum(stats[f"cmdstat_{name}"]["calls"] for name in ("mget",)) == 1
    assert not stats.keys() & {"cmdstat_get", "cmdstat_set", "cmdstat_evalsha"}


def test_every_token_refused_is_given_up_with_its_api_call(connection: redis.Redis) -> None:
    numbers = itertools.count()

    def respond(handler: http.server.BaseHTTPRequestHandler) -> None:
        token = {"access_token": f"token-{next(numbers)}", "expires_in": 7200}
        says(token if "stable_token" in handler.path else {"errcode": 42001})(handler)

    with running(respond) as server:
        wechat = WeChat(make_settings(wechat_api_url=server.url), connection)
        with pytest.raises(WeChatPaused):
            wechat.fetch_picture("media")
    assert [path.partition("?")[0] for path in server.paths] == [
        "/cgi-bin/stable_token",
        "/cgi-bin/media/get",
        "/cgi-bin/stable_token",
        "/cgi-bin/media/get",
    ]
