"""simulator.page: what the chat page and the tests post, and what is wrong with some of it."""

from __future__ import annotations

import io
import threading
import time

import flask
import flask.testing
import pytest

from simulator.account import Account
from simulator.courier import Courier
from simulator.followers import Follower
from simulator.guard import LARGEST, guard
from simulator.page import page
from simulator.phone import Phone
from simulator.sample import SAMPLES
from tests.conftest import APP_ID, APP_SECRET, make_settings

OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ1"
Client = flask.testing.FlaskClient


@pytest.fixture
def client(silent_webhook: str) -> Client:
    account = Account(APP_ID, APP_SECRET)
    account.followers[OPENID] = Follower(openid=OPENID)
    courier = Courier(account, make_settings(), silent_webhook)
    phone = Phone(account, courier, "http://127.0.0.1:1")
    app = flask.Flask("simulator")
    guard(app)
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


@pytest.mark.parametrize("kind", ["voice", "video", "shortvideo"])
def test_other_media_are_no_pictures(client: Client, kind: str) -> None:
    assert client.post(f"/chat/{OPENID}/other", data={"kind": kind}).status_code == 200
    (push, *_) = client.get("/chat/events").get_json()["events"]
    assert (push["type"], push["picture"]) == (kind, "")


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


def test_sample_photographed_anew_is_another_file_each_time(client: Client) -> None:
    forms = [{"sample": "6-cat.jpg", "anew": anew} for anew in ("0", "1", "1")]
    assert [client.post(f"/chat/{OPENID}/picture", data=form).status_code for form in forms]
    events = client.get("/chat/events").json
    assert events is not None
    pictures = [event["picture"] for event in events["events"] if event["kind"] == "push"]
    files = [client.get(f"/mmbiz_jpg/{each}/0").data for each in pictures]
    assert files[0] == (SAMPLES / "6-cat.jpg").read_bytes()
    assert len(set(files)) == 3


def test_key_of_the_menu_is_needed(client: Client) -> None:
    said = "key is missing; expected that of a button of type click"
    assert refusal(client, f"/chat/{OPENID}/press") == (400, said)


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200)]
)
def test_other_sites_give_no_orders(client: Client, site: str, status: int) -> None:
    answer = client.post("/chat/follow", headers={"Sec-Fetch-Site": site})
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [("http://evil.example", 403), ("null", 403), ("http://[", 403), ("http://localhost", 200)],
)
def test_other_sites_are_known_by_their_origin_in_an_old_browser(
    client: Client, origin: str, status: int
) -> None:
    assert client.post("/chat/follow", headers={"Origin": origin}).status_code == status


def test_file_beyond_all_measure_is_refused_in_json(client: Client) -> None:
    path, kind = f"/chat/{OPENID}/picture", "multipart/form-data; boundary=x"
    answer = client.post(path, data=bytes(LARGEST + 1), content_type=kind)
    said = {"errmsg": "more than 12 MB; WeChat takes pictures of 10 MB"}
    assert (answer.status_code, answer.json) == (413, said)


@pytest.mark.parametrize("openid", ["..%2f..", "x" * 5000, "%00", "'; drop", "o" + "é" * 27])
def test_absurd_openid_is_a_stranger(client: Client, openid: str) -> None:
    assert client.post(f"/chat/{openid}/text", data={"content": "hi"}).status_code == 404


@pytest.mark.parametrize("since", ["-1", "x", "9" * 40, ""])
def test_absurd_place_in_the_transcript_is_no_mistake(client: Client, since: str) -> None:
    assert client.get("/chat/events", query_string={"since": since}).status_code == 200


@pytest.mark.parametrize(
    ("asked", "preferred", "language"),
    [("", "", "zh-CN"), ("", "en-GB,en", "en"), ("en", "zh", "en"), ("tlh", "fr", "zh-CN")],
)
def test_page_is_in_the_reader_s_language(
    client: Client, asked: str, preferred: str, language: str
) -> None:
    page = client.get("/", query_string={"lang": asked}, headers={"Accept-Language": preferred})
    assert f'<html lang="{language}">' in page.text


def test_news_are_waited_for(client: Client) -> None:
    def follow_soon() -> None:
        time.sleep(0.1)
        client.application.test_client().post("/chat/follow")

    thread = threading.Thread(target=follow_soon)
    thread.start()
    events = client.get("/chat/events", query_string={"since": 0, "wait": 10}).json
    thread.join()
    assert events is not None
    assert events["events"][0]["kind"] == "push"
