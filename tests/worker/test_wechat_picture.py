"""worker.wechat's pictures: by their media_id, by their address, and those that we upload."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest
import redis

from tests.conftest import WeChatServer, make_settings
from tests.worker.conftest import OPENID, TOKEN_KEY
from tests.worker.odd_server import OddServer, Respond, answer, drip, odd_server, running, says
from worker.download import PublicWeb
from worker.errors import (
    AnswerError,
    NotAPicture,
    PictureExpired,
    PictureTooLarge,
    WeChatPaused,
    WeChatRefused,
    WeChatUnavailable,
)
from worker.wechat import LARGEST_PICTURE, WeChat

PIC_URL = "http://mmbiz.qpic.cn/mmbiz_jpg/abc/0"


def test_picture_is_fetched(wechat: WeChat, wechat_server: WeChatServer, jpeg: bytes) -> None:
    assert wechat.fetch_picture(wechat_server.account.media.keep(jpeg)) == jpeg


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
