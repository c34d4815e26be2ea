"""Who gets in: app.admin.session, attempts and guard, as a browser and as a stranger meet them."""

from __future__ import annotations

import re

import flask
import pytest
import redis
from itsdangerous import TimestampSigner

from app import create_app
from app.admin.session import LONGEST, Sessions
from contract.settings import Settings
from launch.supervisor import free_port
from tests.app.admin.conftest import OURS, PASSWORD, Client, log_in
from tests.conftest import TOKEN, make_settings

PAGES = ["/admin/", "/admin/now", "/admin/charts", "/admin/failed", "/admin/follower/x"]


def test_without_a_password_there_are_no_admin_pages(redis_url: str) -> None:
    client = create_app(make_settings(redis_url=redis_url)).test_client()
    answers = {client.get(path).status_code for path in [*PAGES, "/admin/login", "/admin/rq/"]}
    assert answers == {404}


@pytest.mark.parametrize("path", [*PAGES, "/admin/message/x", "/admin/rq/", "/admin/rq/0/view"])
def test_stranger_is_led_to_the_login_page(app: flask.Flask, path: str) -> None:
    answer = app.test_client().get(path)
    assert (answer.status_code, answer.location) == (302, "/admin/login")


@pytest.mark.parametrize("path", ["/admin/failed/requeue", "/admin/find", "/admin/rq/requeue/x"])
def test_stranger_changes_nothing(app: flask.Flask, path: str) -> None:
    assert app.test_client().post(path, headers=OURS).status_code == 401


def test_password_opens_the_pages(client: Client) -> None:
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/login").location == "/admin/"


def test_cookie_is_for_nobody_else(app: flask.Flask) -> None:
    plain, secure = (
        log_in(app.test_client(), **header).headers["Set-Cookie"]
        for header in ({}, {"X-Forwarded-Proto": "https"})
    )
    assert "HttpOnly; Path=/admin; SameSite=Strict" in plain
    assert "Secure" not in plain
    assert "Secure; HttpOnly" in secure
    assert PASSWORD not in plain


def test_wrong_password_stays_outside(app: flask.Flask) -> None:
    client = app.test_client()
    answer = log_in(client, "not-the-password")
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers
    assert client.get("/admin/").status_code == 302


def test_logging_out_ends_it(client: Client) -> None:
    client.post("/admin/logout", headers=OURS)
    assert client.get("/admin/").status_code == 302


def test_part_of_a_page_says_that_the_session_is_over(app: flask.Flask) -> None:
    answer = app.test_client().get("/admin/now", headers={"X-Kantu-Live": "1"})
    assert answer.status_code == 401


def test_session_ends_by_itself_and_with_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = Sessions(PASSWORD, TOKEN)
    cookie = sessions.open()
    assert sessions.is_open(cookie)
    assert not Sessions(PASSWORD + "!", TOKEN).is_open(cookie)
    assert not sessions.is_open(cookie[:-1])
    assert not sessions.is_open("")
    now = TimestampSigner("").get_timestamp()
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _self: now + LONGEST + 1)
    assert not sessions.is_open(cookie)


def test_tries_are_limited_for_all_processes_together(settings: Settings, app: flask.Flask) -> None:
    first, second = app.test_client(), create_app(settings).test_client()
    tried = [log_in(each, "wrong-one").status_code for each in (first, second, first, second)]
    assert tried == [403] * 4
    assert log_in(first, "wrong-one").status_code == 403
    answer = log_in(second)  # right, but too late
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 300
    assert log_in(first, **{"X-Forwarded-For": "203.0.113.9"}).status_code == 303


def test_address_that_a_client_makes_up_helps_nobody(app: flask.Flask) -> None:
    made_up = [f"198.51.100.{number}, 203.0.113.9" for number in range(6)]
    answers = [log_in(app.test_client(), "wrong", **{"X-Forwarded-For": each}) for each in made_up]
    assert [each.status_code for each in answers] == [403] * 5 + [429]


def test_many_addresses_are_limited_together(app: flask.Flask) -> None:
    client = app.test_client()
    for number in range(60):
        log_in(client, "wrong", **{"X-Forwarded-For": f"198.51.100.{number}"})
    assert log_in(client, "wrong", **{"X-Forwarded-For": "203.0.113.9"}).status_code == 429


def test_right_password_forgives_those_before(app: flask.Flask) -> None:
    for _ in range(3):
        statuses = [log_in(app.test_client(), "wrong").status_code for _ in range(4)]
        assert statuses == [403] * 4
        assert log_in(app.test_client()).status_code == 303


def test_no_address_is_kept(app: flask.Flask, connection: redis.Redis) -> None:
    log_in(app.test_client(), "wrong", **{"X-Forwarded-For": "203.0.113.9"})
    keys = [key.decode() for key in connection.scan_iter("kantu:admin:*")]
    assert len(keys) == 2
    assert all(re.fullmatch(r"kantu:admin:attempts:[0-9a-f]{16}", key) for key in keys)
    assert all(0 < connection.ttl(key) <= 300 for key in keys)


def test_without_redis_nobody_gets_in() -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    app = create_app(make_settings(redis_url=url, admin_password=PASSWORD))
    answer = log_in(app.test_client())
    assert answer.status_code == 503
    assert "Redis" in answer.text


def test_session_outlives_redis_and_says_so(settings: Settings, client: Client) -> None:
    away = settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{free_port()}/0"})
    other = create_app(away).test_client()
    cookie = client.get_cookie("kantu_admin", path="/admin")
    assert cookie is not None
    other.set_cookie("kantu_admin", cookie.value, path="/admin")
    other.set_cookie("kantu_language", "en", path="/admin")
    overview = other.get("/admin/")
    assert overview.status_code == 200
    assert "Redis does not answer" in overview.text
    failed = other.get("/admin/failed")
    assert (failed.status_code, "It tries again by itself" in failed.text) == (503, True)


FORGED = [
    {},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Origin": "http://localhost.evil.example"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
]


@pytest.mark.parametrize("headers", FORGED, ids=str)
@pytest.mark.parametrize("path", ["/admin/failed/requeue", "/admin/logout", "/admin/rq/requeue/x"])
def test_change_from_elsewhere_is_refused(
    client: Client, path: str, headers: dict[str, str]
) -> None:
    assert client.post(path, headers=headers).status_code == 403


def test_old_browser_is_known_by_its_origin(client: Client) -> None:
    headers = {"Origin": "http://localhost"}
    assert client.post("/admin/failed/requeue", headers=headers).status_code == 303


def test_login_from_elsewhere_is_refused(app: flask.Flask) -> None:
    form, headers = {"password": PASSWORD}, {"Sec-Fetch-Site": "cross-site"}
    answer = app.test_client().post("/admin/login", data=form, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/admin/", "/admin/login", "/admin/failed", "/admin/nothing"])
def test_pages_are_neither_framed_nor_kept_nor_scripted(client: Client, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_pages_hold_no_script_and_no_style_of_their_own(client: Client) -> None:
    text = "".join(client.get(path).text for path in ("/admin/", "/admin/failed"))
    assert re.findall(r"<script(?! src)|<style| style=| on[a-z]+=", text) == []


def test_huge_form_is_refused(client: Client) -> None:
    answer = client.post("/admin/find", data={"what": "x" * 100_000}, headers=OURS)
    assert answer.status_code == 413
