"""simulator.api: WeChat's rules and errcodes, asked as anybody would."""

from __future__ import annotations

import io
import json
from typing import Any

import flask
import flask.testing
import pytest

from simulator.account import Account
from simulator.api import api
from simulator.followers import EVENT_ALLOWS, MESSAGE_ALLOWS, Follower
from tests.conftest import APP_ID, APP_SECRET

OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ1"
Client = flask.testing.FlaskClient


@pytest.fixture
def account() -> Account:
    account = Account(APP_ID, APP_SECRET)
    account.followers[OPENID] = Follower(openid=OPENID)
    return account


@pytest.fixture
def client(account: Account) -> Client:
    app = flask.Flask("wechat")
    app.register_blueprint(api(account))
    return app.test_client()


@pytest.fixture
def token(account: Account) -> str:
    return account.credentials.stable(APP_ID, APP_SECRET, force=False)[0]


def send(client: Client, token: str, **changes: Any) -> int:
    body = {"touser": OPENID, "msgtype": "text", "text": {"content": "你好"}, **changes}
    data = json.dumps(body, ensure_ascii=False).encode()
    answer = client.post(f"/cgi-bin/message/custom/send?access_token={token}", data=data).json
    return int(answer["errcode"])  # type: ignore[index]


def send_raw(client: Client, token: str, content: bytes) -> int:
    """Send a text whose JSON is written by hand."""
    body = b'{"touser":"%s","msgtype":"text","text":{"content":"%s"}}'
    path = f"/cgi-bin/message/custom/send?access_token={token}"
    answer = client.post(path, data=body % (OPENID.encode(), content)).json
    return int(answer["errcode"])  # type: ignore[index]


def test_token_by_both_doors(client: Client) -> None:
    query = {"grant_type": "client_credential", "appid": APP_ID, "secret": APP_SECRET}
    plain = client.get("/cgi-bin/token", query_string=query).json
    stable = client.post("/cgi-bin/stable_token", json=query).json
    assert plain is not None
    assert stable is not None
    assert plain["access_token"] != stable["access_token"]
    assert plain["expires_in"] == stable["expires_in"] == 7200
    assert client.post("/cgi-bin/stable_token", json={}).json == {
        "errcode": 40002,
        "errmsg": "invalid grant_type",
    }


def test_message_allows_five_answers_for_two_days(
    client: Client, account: Account, token: str
) -> None:
    account.followers[OPENID].allow(MESSAGE_ALLOWS, account.clock.now())
    assert [send(client, token) for _ in range(6)] == [0, 0, 0, 0, 0, 45047]
    account.followers[OPENID].allow(MESSAGE_ALLOWS, account.clock.now())
    assert send(client, token) == 0
    account.clock.advance(48 * 3600 + 1)
    token = account.credentials.stable(APP_ID, APP_SECRET, force=False)[0]
    assert send(client, token) == 45015


def test_follow_allows_three_answers_for_a_minute(
    client: Client, account: Account, token: str
) -> None:
    account.followers[OPENID].allow(EVENT_ALLOWS, account.clock.now())
    assert [send(client, token) for _ in range(4)] == [0, 0, 0, 45047]
    account.followers[OPENID].allow(EVENT_ALLOWS, account.clock.now())
    account.clock.advance(61)
    assert send(client, token) == 45015


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"touser": "o" + "Z" * 27}, 40003),
        ({"touser": 7}, 40003),
        ({"msgtype": "hologram"}, 40008),
        ({"text": {"content": ""}}, 44004),
        ({"text": "hello"}, 44004),
        ({"text": {"content": "好" * 683}}, 45002),  # 2,049 bytes
    ],
)
def test_wrong_message_is_refused(
    client: Client, account: Account, token: str, changes: dict[str, Any], errcode: int
) -> None:
    account.followers[OPENID].allow(MESSAGE_ALLOWS, account.clock.now())
    assert send(client, token, **changes) == errcode


@pytest.mark.parametrize("content", [b"\\u4f60", b"\\\\\\u4F60", b"\\n\\u597d"])
def test_escaped_characters_are_refused(client: Client, token: str, content: bytes) -> None:
    assert send_raw(client, token, content) == 40033


@pytest.mark.parametrize("content", [rb"C:\\users", rb"\\u4f60", rb"\\\\u4f60"])
def test_backslash_of_the_text_itself_is_let_through(
    client: Client, account: Account, token: str, content: bytes
) -> None:
    account.followers[OPENID].allow(MESSAGE_ALLOWS, account.clock.now())
    assert send_raw(client, token, content) == 0


def test_follower_who_left_hears_nothing(client: Client, account: Account, token: str) -> None:
    account.followers[OPENID].allow(MESSAGE_ALLOWS, account.clock.now())
    account.followers[OPENID].follows = False
    assert send(client, token) == 43004


def test_body_that_is_no_json_is_refused(client: Client, token: str) -> None:
    path = f"/cgi-bin/message/custom/send?access_token={token}"
    assert client.post(path, data=b"hello").json == {
        "errcode": 47001,
        "errmsg": "data format error",
    }


def test_picture_goes_up_and_comes_down(client: Client, token: str, jpeg: bytes) -> None:
    path = f"/cgi-bin/media/upload?access_token={token}&type=image"
    answer = client.post(path, data={"media": (io.BytesIO(jpeg), "x.jpg")}).json
    assert answer is not None
    got = client.get(f"/cgi-bin/media/get?access_token={token}&media_id={answer['media_id']}")
    assert (got.data, got.content_type) == (jpeg, "image/jpeg")
    assert answer["media_id"] in got.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("kind", "data", "errcode"),
    [("music", b"\xff\xd8", 40004), ("image", b"", 41005), ("image", b"%PDF", 40005)],
)
def test_wrong_upload_is_refused(
    client: Client, token: str, kind: str, data: bytes, errcode: int
) -> None:
    path = f"/cgi-bin/media/upload?access_token={token}&type={kind}"
    answer = client.post(path, data={"media": (io.BytesIO(data), "x")}).json
    assert answer is not None
    assert answer["errcode"] == errcode


def test_error_comes_with_http_200_as_wechat_s_do(client: Client, token: str) -> None:
    got = client.get(f"/cgi-bin/media/get?access_token={token}&media_id=none")
    assert (got.status_code, got.json) == (200, {"errcode": 40007, "errmsg": "invalid media_id"})


def test_typing_has_its_rules(client: Client, account: Account, token: str) -> None:
    path = f"/cgi-bin/message/custom/typing?access_token={token}"

    def type_(command: str) -> int:
        answer = client.post(path, json={"touser": OPENID, "command": command}).json
        return int(answer["errcode"])  # type: ignore[index]

    assert type_("Typing") == 45080
    account.followers[OPENID].allow(MESSAGE_ALLOWS, account.clock.now())
    assert [type_(c) for c in ("Typing", "Typing", "CancelTyping", "Dance")] == [0, 45081, 0, 45072]


def test_daily_quota_ends_at_beijing_s_midnight(account: Account) -> None:
    from simulator.errors import ApiError

    for _ in range(2000):
        account.count("token")
    with pytest.raises(ApiError, match="daily quota"):
        account.count("token")
    account.clock.advance(24 * 3600)
    account.count("token")


def test_every_call_needs_a_token(client: Client) -> None:
    for path in ("getcallbackip", "media/get?media_id=x"):
        answer = client.get(f"/cgi-bin/{path}").json
        assert answer is not None
        assert answer["errcode"] == 41001


def test_uploaded_picture_is_shown_on_the_phone(
    client: Client, account: Account, token: str, jpeg: bytes
) -> None:
    account.followers[OPENID].allow(MESSAGE_ALLOWS, account.clock.now())
    media_id = account.media.upload("image", jpeg)
    assert send(client, token, msgtype="image", image={"media_id": media_id}) == 0
    shown = [each for each in account.transcript.since(0) if each["kind"] == "picture"]
    assert shown[-1]["picture"] == media_id
    assert send(client, token, msgtype="image", image={"media_id": "gone"}) == 40007
    assert send(client, token, msgtype="image") == 40007


@pytest.mark.parametrize("path", ["media/get?media_id=x", "message/custom/send", "media/upload"])
def test_account_that_is_not_verified_may_not_write_or_fetch(
    client: Client, account: Account, token: str, path: str
) -> None:
    account.verified = False
    separator = "&" if "?" in path else "?"
    url = f"/cgi-bin/{path}{separator}access_token={token}"
    answer = (client.get if "get" in path else client.post)(url, json={}).json
    assert answer == {"errcode": 48001, "errmsg": "api unauthorized"}
    addresses = client.get(f"/cgi-bin/getcallbackip?access_token={token}").json
    assert addresses == {"ip_list": ["127.0.0.1"]}


def test_token_is_given_to_listed_addresses_only(client: Client, account: Account) -> None:
    query = {"grant_type": "client_credential", "appid": APP_ID, "secret": APP_SECRET}
    account.listed = {"8.8.8.8"}
    refusal = {
        "errcode": 40164,
        "errmsg": "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist",
    }
    assert client.get("/cgi-bin/token", query_string=query).json == refusal
    assert client.post("/cgi-bin/stable_token", json=query).json == refusal
    account.listed.add("127.0.0.1")
    assert "access_token" in (client.post("/cgi-bin/stable_token", json=query).json or {})


def test_menu_message_is_a_text_with_lines_to_tap(
    client: Client, account: Account, token: str
) -> None:
    account.followers[OPENID].allow(MESSAGE_ALLOWS, account.clock.now())
    lines = [{"id": "101", "content": "满意"}, {"id": "102", "content": "不满意"}]
    menu = {"head_content": "满意吗？", "list": lines}
    assert send(client, token, msgtype="msgmenu", msgmenu=menu) == 0
    assert send(client, token, msgtype="msgmenu", msgmenu={**menu, "list": ["满意"]}) == 47001
    events = [each for each in account.transcript.since(0) if each["kind"] != "call"]
    assert [each["kind"] for each in events] == ["answer", "menu", "answer"]
    assert (events[0]["text"], events[1]["lines"]) == ("满意吗？", lines)
