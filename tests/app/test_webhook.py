"""app.webhook, through Flask and a real Redis; what strangers try is in test_door.py."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import flask.testing
import pytest
import redis

from app import create_app
from contract.album import Album, Snapshot
from contract.connection import connect
from contract.follower import Followers
from contract.job import picture_queue
from contract.mailbox import Mailbox
from contract.settings import Settings
from labels import phrase
from launch.supervisor import free_port
from tests.app.conftest import OPENID, Push, courier
from tests.app.forge import signed
from tests.conftest import make_settings

Client = flask.testing.FlaskClient


@pytest.fixture
def client(settings: Settings, connection: redis.Redis) -> Client:
    return create_app(settings, connection).test_client()


def deliver(client: Client, settings: Settings, fields: dict[str, str]) -> Any:
    query, body = courier(settings).seal(fields)
    return client.post("/wechat", query_string=query, data=body)


def said(settings: Settings, response: Any) -> str:
    return str(courier(settings).open(response.text)["Content"])


def test_picture_is_queued_and_nothing_is_said_yet(
    client: Client, settings: Settings, connection: redis.Redis, push: Push
) -> None:
    response = deliver(client, settings, push())
    assert (response.status_code, response.data) == (200, b"success")
    (job,) = picture_queue(connection).jobs
    assert job.kwargs["media_id"] == "media-1"
    assert job.kwargs["follower"] == OPENID
    assert job.kwargs["language"] == "zh"
    assert (job.retries_left, job.timeout, job.result_ttl) == (2, 60, 3600)


def test_picture_delivered_again_is_queued_once(
    client: Client, settings: Settings, connection: redis.Redis, push: Push
) -> None:
    fields = push()
    responses = [deliver(client, settings, fields) for _ in range(3)]
    assert [response.data for response in responses] == [b"success"] * 3
    assert picture_queue(connection).count == 1


def test_new_follower_is_greeted(client: Client, settings: Settings, push: Push) -> None:
    response = deliver(client, settings, push(MsgType="event", Event="subscribe"))
    assert said(settings, response) == phrase("zh", "subscribed")


def test_text_is_answered_in_its_language_and_so_is_what_follows(
    client: Client, settings: Settings, connection: redis.Redis, push: Push
) -> None:
    response = deliver(client, settings, push(MsgType="text", Content="hello there"))
    assert said(settings, response) == phrase("en", "looking_only")
    deliver(client, settings, push(MsgId="2"))
    assert picture_queue(connection).jobs[0].kwargs["language"] == "en"


def test_text_is_a_question_where_a_model_can_answer(
    connection: redis.Redis, redis_url: str, push: Push
) -> None:
    settings = make_settings(redis_url=redis_url, vqa_model="vqa")
    client = create_app(settings, connection).test_client()
    response = deliver(client, settings, push(MsgType="text", Content="图里有几个圆？"))
    assert response.data == b"success"
    (job,) = picture_queue(connection).jobs
    assert job.kwargs["question"] == "图里有几个圆？"
    assert job.kwargs["media_id"] == ""


def test_leaving_deletes_everything_about_the_follower(
    client: Client, settings: Settings, connection: redis.Redis, push: Push
) -> None:
    followers = Followers(settings, connection)
    followers.remember_language(connection, OPENID, "en")
    snapshot = Snapshot(id="1", received=1.0, number=1)
    Album(connection, followers, 60).keep(OPENID, snapshot, b"\xff\xd8")
    assert deliver(client, settings, push(MsgType="event", Event="unsubscribe")).data == b"success"
    kept = [key for key in connection.scan_iter() if not key.startswith(b"kantu:left:")]
    assert kept == []


@pytest.mark.parametrize(
    ("kind", "then"),
    [({"MsgType": "image"}, ""), ({"MsgType": "voice"}, "\n\n" + phrase("zh", "unsupported"))],
)
def test_answer_that_could_not_be_pushed_heads_the_next_reply(
    client: Client,
    settings: Settings,
    connection: redis.Redis,
    push: Push,
    kind: dict[str, str],
    then: str,
) -> None:
    mailbox = Mailbox(connection, Followers(settings, connection))
    mailbox.put(OPENID, "job", 1.0, "一只猫")
    for _ in range(2):  # WeChat may not have got the first reply
        response = deliver(client, settings, push(**kind))
        assert said(settings, response) == "一只猫" + then
    assert deliver(client, settings, push(MsgId="99")).data == b"success"


def test_picture_costs_two_trips_to_redis(
    client: Client, settings: Settings, push: Push, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(client, settings, push(MsgId="1"))  # loads the script that queues
    trips = list[object]()
    send: Any = redis.connection.Connection.send_packed_command

    def count(self: Any, command: object, **options: Any) -> None:
        trips.append(command)
        send(self, command, **options)

    monkeypatch.setattr(redis.connection.Connection, "send_packed_command", count)
    deliver(client, settings, push(MsgId="2"))
    assert len(trips) <= 2


@pytest.mark.parametrize("size", [64 * 1024, 70_000])
def test_too_large_a_body_is_refused_though_its_length_is_not_announced(
    client: Client, size: int
) -> None:
    response = client.post(
        "/wechat",
        query_string=signed(),
        input_stream=io.BytesIO(b"x" * size),
        environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    )
    assert (response.status_code, response.data) == (413, b"")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(client: Client, method: str) -> None:
    response = client.open("/wechat", method=method, query_string=signed(echostr="1"))
    assert (response.status_code, response.data) == (405, b"")
    assert {*response.headers["Allow"].split(", ")} - {"HEAD"} == {"GET", "POST"}


def test_new_follower_is_greeted_though_redis_is_away(push: Push) -> None:
    settings = make_settings(redis_url=f"redis://127.0.0.1:{free_port()}/0")
    client = create_app(settings, connect(settings)).test_client()
    response = deliver(client, settings, push(MsgType="event", Event="subscribe"))
    assert said(settings, response) == phrase("zh", "subscribed")


def test_event_that_says_nothing_needs_no_redis(push: Push) -> None:
    settings = make_settings(redis_url=f"redis://127.0.0.1:{free_port()}/0")
    client = create_app(settings, connect(settings)).test_client()
    response = deliver(client, settings, push(MsgType="event", Event="LOCATION"))
    assert response.data == b"success"


def test_mistake_of_ours_is_no_outage_and_logs_no_text(
    settings: Settings,
    connection: redis.Redis,
    push: Push,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = create_app(settings, connection).test_client()
    # Python's own hash of the job's id fails: nothing that our code expects.
    monkeypatch.setattr(hashlib, "sha256", None)
    response = deliver(client, settings, push(Content="a secret"))
    monkeypatch.undo()
    assert said(settings, response) == phrase("zh", "busy")
    assert "a message could not be handled: TypeError" in caplog.text
    assert "a secret" not in caplog.text


def test_mistake_of_ours_before_authentication_is_a_refusal(
    settings: Settings, connection: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = create_app(settings, connection).test_client()
    monkeypatch.setattr(hashlib, "sha1", None)
    response = client.get("/wechat", query_string={"signature": "1", "echostr": "1"})
    assert (response.status_code, response.data) == (403, b"")


def test_health_is_told_apart_from_readiness(client: Client) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").json == {"status": "ok", "redis": "ok"}


def test_not_ready_without_redis() -> None:
    settings = make_settings(redis_url=f"redis://127.0.0.1:{free_port()}/0")
    client = create_app(settings, connect(settings)).test_client()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503


def test_wrong_settings_end_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WECHAT_MODE", "secure")
    with pytest.raises(SystemExit, match=r"(?s)wrong settings:.*WECHAT_MODE='secure'"):
        create_app()
