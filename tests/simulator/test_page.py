"""simulator.page: what the chat page and the tests post, and what is wrong with some of it."""

from __future__ import annotations

import io

import flask
import flask.testing
import pytest

from simulator.account import Account
from simulator.courier import Courier
from simulator.followers import Follower
from simulator.house import free_port
from simulator.page import SAMPLES, page
from simulator.phone import Phone
from tests.conftest import APP_ID, APP_SECRET, make_settings

OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ1"
Client = flask.testing.FlaskClient


@pytest.fixture
def client() -> Client:
    account = Account(APP_ID, APP_SECRET)
    account.followers[OPENID] = Follower(openid=OPENID)
    webhook = f"http://127.0.0.1:{free_port()}/wechat"
    phone = Phone(account, Courier(account, make_settings(), webhook), "http://127.0.0.1:1")
    app = flask.Flask("simulator")
    app.register_blueprint(page(account, phone, lambda *message: {"asked": message}))
    return app.test_client()


def refusal(client: Client, path: str, **form: str) -> tuple[int, str]:
    answer = client.post(path, data=form)
    assert answer.json is not None
    return answer.status_code, answer.json["errmsg"]


@pytest.mark.parametrize("sample", ["", "unicorn.jpg", "../page.py", ".", "7-digit\0.jpg"])
def test_sample_that_is_none_is_refused(client: Client, sample: str) -> None:
    status, said = refusal(client, f"/chat/{OPENID}/picture", sample=sample)
    assert status == 400
    assert said.startswith(f"sample={sample!r} is no sample; expected one of 1-digit-3.jpg, ")


def test_picture_without_a_file_or_a_sample_is_refused(client: Client) -> None:
    status, said = refusal(client, f"/chat/{OPENID}/picture")
    assert (status, said.partition(" ")[0]) == (400, "sample=''")


def test_stranger_cannot_send(client: Client) -> None:
    file = {"file": (io.BytesIO(b"picture"), "x.jpg")}
    answer = client.post(f"/chat/o{'Z' * 27}/picture", data=file)
    assert (answer.status_code, answer.json) == (404, {"errmsg": "invalid openid"})


def test_kind_is_needed(client: Client) -> None:
    said = "kind is missing; expected a MsgType of WeChat's, such as voice"
    assert refusal(client, f"/chat/{OPENID}/other") == (400, said)


@pytest.mark.parametrize("seconds", ["", "soon", "nan", "inf"])
def test_time_that_is_no_number_is_refused(client: Client, seconds: str) -> None:
    said = f"seconds={seconds!r} is not a number; expected how far to set the clock"
    assert refusal(client, "/chat/clock", seconds=seconds) == (400, said)


@pytest.mark.parametrize("created", ["", "yesterday", "1.5"])
def test_trace_of_no_moment_is_refused(client: Client, created: str) -> None:
    query = {"follower": OPENID, "message": "1", "created": created}
    answer = client.get("/chat/trace", query_string=query)
    said = f"created={created!r} is not an int; expected a message's CreateTime"
    assert (answer.status_code, answer.json) == (400, {"errmsg": said})


def test_trace_is_asked_for_one_message(client: Client) -> None:
    query = {"follower": OPENID, "message": "1", "created": "1790000000"}
    answer = client.get("/chat/trace", query_string=query)
    assert answer.json == {"asked": [OPENID, "1", 1790000000]}


def test_page_shows_every_sample(client: Client) -> None:
    shown = client.get("/").text
    names = [path.name for path in SAMPLES.glob("*.jpg")]
    assert [name for name in names if f'data-sample="{name}"' not in shown] == []
    with client.get(f"/samples/{names[0]}") as sample:
        assert sample.data == (SAMPLES / names[0]).read_bytes()
