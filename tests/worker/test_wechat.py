"""worker.wechat, against the simulator's API and against servers that misbehave."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
import traceback
from collections.abc import Callable, Iterator

import pytest
import redis

from simulator.errors import ApiError
from simulator.followers import MESSAGE_ALLOWS, Follower
from simulator.house import free_port
from tests.conftest import APP_ID, APP_SECRET, WeChatServer, make_settings
from worker.errors import (
    AnswerError,
    PictureExpired,
    PictureTooLarge,
    SendBroken,
    WeChatRefused,
    WeChatUnavailable,
)
from worker.wechat import LARGEST_PICTURE, WeChat

OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ1"
TOKEN_KEY = f"kantu:wechat:{APP_ID}:token"


@pytest.fixture
def wechat(wechat_server: WeChatServer, connection: redis.Redis) -> WeChat:
    account = wechat_server.account
    account.followers[OPENID] = Follower(openid=OPENID)
    account.followers[OPENID].allow(MESSAGE_ALLOWS, account.clock.now())
    return WeChat(make_settings(wechat_api_url=wechat_server.url), connection)


def test_message_arrives(wechat: WeChat, wechat_server: WeChatServer) -> None:
    wechat.send_text(OPENID, '让我猜猜 😀 \\ "quoted"')
    assert wechat_server.texts() == ['让我猜猜 😀 \\ "quoted"']


def test_picture_is_fetched(wechat: WeChat, wechat_server: WeChatServer, jpeg: bytes) -> None:
    assert wechat.fetch_picture(wechat_server.account.media.keep(jpeg)) == jpeg


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


def test_expired_picture_is_called_so(wechat: WeChat, wechat_server: WeChatServer) -> None:
    media_id = wechat_server.account.media.keep(b"\xff\xd8")
    wechat_server.account.clock.advance(3 * 24 * 3600 + 1)
    wechat_server.account.credentials.revoke()
    with pytest.raises(PictureExpired):
        wechat.fetch_picture(media_id)


def test_too_large_a_picture_is_not_read_to_its_end(
    wechat: WeChat, wechat_server: WeChatServer
) -> None:
    media_id = wechat_server.account.media.keep(b"\xff\xd8" + bytes(LARGEST_PICTURE))
    with pytest.raises(PictureTooLarge):
        wechat.fetch_picture(media_id)


def test_refusals_carry_their_code(wechat: WeChat, wechat_server: WeChatServer) -> None:
    with pytest.raises(WeChatRefused) as caught:
        wechat.send_text("o" + "Z" * 27, "hello?")
    assert caught.value.errcode == 40003
    wechat_server.account.clock.advance(48 * 3600 + 1)
    wechat_server.account.credentials.revoke()
    with pytest.raises(WeChatRefused) as caught:
        wechat.send_text(OPENID, "too late")
    assert caught.value.errcode == 45015


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


Respond = Callable[[http.server.BaseHTTPRequestHandler], None]


@contextlib.contextmanager
def odd_server(respond: Respond) -> Iterator[str]:
    """Answer every request in the same odd way."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            respond(self)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            respond(self)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def answer(status: int, body: bytes, length: int | None = None) -> Respond:
    def respond(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        handler.wfile.write(body)

    return respond


@pytest.mark.parametrize(
    ("respond", "error"),
    [
        pytest.param(answer(200, b"<html>a proxy says hello</html>"), SendBroken, id="HTML"),
        pytest.param(answer(504, b"gateway timeout"), SendBroken, id="504"),
        pytest.param(answer(200, b'{"errcode": -1}'), WeChatUnavailable, id="busy"),
        pytest.param(answer(200, b'{"errcode": 45009}'), WeChatUnavailable, id="quota"),
        pytest.param(answer(200, b'{"errcode": 45002}'), WeChatRefused, id="too long"),
    ],
)
def test_only_a_definite_refusal_means_that_nothing_was_sent(
    connection: redis.Redis, respond: Respond, error: type[Exception]
) -> None:
    connection.set(TOKEN_KEY, "token")
    with odd_server(respond) as url, pytest.raises(error):
        WeChat(make_settings(wechat_api_url=url), connection).send_text(OPENID, "x")


@pytest.mark.parametrize(
    ("respond", "error"),
    [
        pytest.param(answer(500, b"oops"), WeChatUnavailable, id="500"),
        pytest.param(answer(200, b"\xff\xd8 cut", 1000), WeChatUnavailable, id="cut off"),
        pytest.param(answer(200, b'{"errcode":40007}'), PictureExpired, id="expired"),
        pytest.param(answer(200, b'{"errcode":45009}'), WeChatUnavailable, id="quota"),
        pytest.param(answer(200, b'{"errcode":-1}'), WeChatUnavailable, id="busy"),
        pytest.param(answer(200, b'{"errcode":null}'), None, id="no error"),
    ],
)
def test_error_in_place_of_a_picture_is_recognised(
    connection: redis.Redis, respond: Respond, error: type[AnswerError] | None
) -> None:
    connection.set(TOKEN_KEY, "token")
    expected = pytest.raises(error) if error else contextlib.nullcontext()
    with odd_server(respond) as url, expected:
        WeChat(make_settings(wechat_api_url=url), connection).fetch_picture("media")


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
    away = redis.Redis(port=free_port(), socket_connect_timeout=1)
    with pytest.raises(WeChatUnavailable, match="Redis is away"):
        WeChat(make_settings(wechat_api_url=wechat_server.url), away).sign_in()
