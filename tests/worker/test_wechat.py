"""worker.wechat, against the simulator's API and against servers that misbehave."""

from __future__ import annotations

import concurrent.futures
import contextlib
import http.server
import itertools
import logging
import socket
import threading
import traceback
from collections.abc import Iterator

import pytest
import redis

from contract.connection import connect_to
from launch.supervisor import free_port
from simulator.errors import ApiError
from simulator.followers import MESSAGE_ALLOWS, Follower
from tests.conftest import APP_ID, APP_SECRET, WeChatServer, make_settings
from tests.worker.odd_server import (
    OddServer,
    Respond,
    answer,
    drip,
    hang,
    odd_server,
    running,
    says,
)
from worker.download import PublicWeb
from worker.errors import (
    AnswerError,
    NotAPicture,
    PictureExpired,
    PictureTooLarge,
    SendBroken,
    WeChatParked,
    WeChatPaused,
    WeChatRefused,
    WeChatUnavailable,
)
from worker.wechat import LARGEST_PICTURE, WeChat

OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ1"
TOKEN_KEY = f"kantu:wechat:{APP_ID}:token"
PIC_URL = "http://mmbiz.qpic.cn/mmbiz_jpg/abc/0"


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
    with pytest.raises(WeChatParked) as caught:
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


@pytest.mark.parametrize(
    ("respond", "error"),
    [
        pytest.param(answer(500, b"oops"), WeChatUnavailable, id="500"),
        pytest.param(answer(200, b"\xff\xd8 cut", 1000), WeChatUnavailable, id="cut off"),
        pytest.param(answer(200, b'{"errcode":40007}'), PictureExpired, id="expired"),
        pytest.param(answer(200, b'{"errcode":45009}'), WeChatPaused, id="quota"),
        pytest.param(answer(200, b'{"errcode":-1}'), WeChatUnavailable, id="busy"),
        pytest.param(answer(200, b' {"errcode":48001}'), WeChatPaused, id="not allowed"),
        pytest.param(says({"video_url": "http://video"}), NotAPicture, id="a video"),
        pytest.param(answer(200, b'{"a":' + b"[" * 4000), None, id="a deep hole"),
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
    away = connect_to(f"redis://127.0.0.1:{free_port()}")
    with pytest.raises(WeChatUnavailable, match="Redis is away"):
        WeChat(make_settings(wechat_api_url=wechat_server.url), away).sign_in()


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


def test_drip_of_a_picture_has_an_end(
    connection: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.wechat._DOWNLOAD_LIMIT", 0.3)
    connection.set(TOKEN_KEY, "token")
    with odd_server(drip(0.05)) as url, pytest.raises(WeChatUnavailable, match="AnswerTooSlow"):
        WeChat(make_settings(wechat_api_url=url), connection).fetch_picture("media")


@contextlib.contextmanager
def wechat_and_web(
    connection: redis.Redis, media: Respond, web: Respond
) -> Iterator[tuple[WeChat, OddServer, OddServer]]:
    """WeChat's API, and the host of PicUrls, which is not where its name leads."""
    connection.set(TOKEN_KEY, "token")
    with running(media) as api, running(web) as host:
        wechat = WeChat(make_settings(wechat_api_url=api.url), connection)
        wechat._web = PublicWeb(
            ["qpic.cn"],
            LARGEST_PICTURE,
            connect=lambda *_: socket.create_connection(("127.0.0.1", host.port)),
        )
        yield wechat, api, host


@pytest.mark.parametrize("errcode", [40007, 40164, 45009, 45011, 48001, 40004])
def test_picture_that_the_api_refuses_is_fetched_by_its_address(
    connection: redis.Redis, jpeg: bytes, errcode: int
) -> None:
    media, web = says({"errcode": errcode}), answer(200, jpeg)
    with wechat_and_web(connection, media, web) as (wechat, _, host):
        assert wechat.fetch_picture("media", PIC_URL) == jpeg
    assert host.paths == ["/mmbiz_jpg/abc/0"]


def test_quota_used_up_leaves_the_address_and_asks_the_api_no_more(
    connection: redis.Redis, jpeg: bytes
) -> None:
    media, web = says({"errcode": 45009}), answer(200, jpeg)
    with wechat_and_web(connection, media, web) as (wechat, api, host):
        for _ in range(3):
            assert wechat.fetch_picture("media", PIC_URL) == jpeg
    assert (len(api.paths), len(host.paths)) == (1, 3)


@pytest.mark.parametrize("url", ["", "http://127.0.0.1/x", PIC_URL])
def test_refusal_of_the_api_is_what_counts_where_the_address_does_not_help(
    connection: redis.Redis, url: str
) -> None:
    media, web = says({"errcode": 40007}), answer(404, b"")
    with (
        wechat_and_web(connection, media, web) as (wechat, *_),
        pytest.raises(PictureExpired, match="40007"),
    ):
        wechat.fetch_picture("media", url)


def test_api_that_is_busy_or_away_is_asked_again_first(
    connection: redis.Redis, jpeg: bytes
) -> None:
    media, web = says({"errcode": -1}), answer(200, jpeg)
    with (
        wechat_and_web(connection, media, web) as (wechat, _, host),
        pytest.raises(WeChatUnavailable, match="busy"),
    ):
        wechat.fetch_picture("media", PIC_URL)
    assert host.paths == []


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


def test_picture_is_uploaded_and_sent(
    wechat: WeChat, wechat_server: WeChatServer, jpeg: bytes
) -> None:
    media_id = wechat.upload_picture(jpeg)
    assert wechat_server.account.media.get(media_id) == jpeg
    wechat.send_picture(OPENID, media_id)
    events = wechat_server.account.transcript.since(0)
    assert [each["picture"] for each in events if each["kind"] == "picture"] == [media_id]


def test_upload_with_a_token_that_ended_is_tried_again(
    wechat: WeChat, wechat_server: WeChatServer, connection: redis.Redis, jpeg: bytes
) -> None:
    wechat.sign_in()
    connection.set(TOKEN_KEY, "an old one", ex=60)
    assert wechat.upload_picture(jpeg)
    assert wechat_server.requests.count("/cgi-bin/media/upload") == 2


@pytest.mark.parametrize(
    ("respond", "error"),
    [
        (says({"errcode": 45009, "errmsg": "reach max api daily quota limit"}), WeChatPaused),
        (says({"errcode": 40004, "errmsg": "invalid media type"}), WeChatRefused),
        (says({"errcode": -1}), WeChatUnavailable),
        (says({}), WeChatUnavailable),
        (says([]), WeChatUnavailable),
        (says({"media_id": 3}), WeChatUnavailable),
        (answer(200, b"<html>"), WeChatUnavailable),
        (answer(502, b""), WeChatUnavailable),
    ],
)
def test_upload_that_fails_is_told_as_any_other(
    connection: redis.Redis, respond: Respond, error: type[AnswerError]
) -> None:
    connection.set(TOKEN_KEY, "a token", ex=60)
    with odd_server(respond) as url, pytest.raises(error):
        WeChat(make_settings(wechat_api_url=url), connection).upload_picture(b"\xff\xd8")
