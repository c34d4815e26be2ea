"""The admin pages as the world meets them: nginx on a name of its own, before the real webhook."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import requests

from tests.app.door import Door, opened
from tests.conftest import make_settings, until
from tests.deploy.front import DOMAIN, Front, front
from tests.deploy.load import message

PASSWORD = "kX3vGq8ZtR5mWy2P"


@pytest.fixture(scope="module")
def door(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """The webhook with admin pages, logging JSON."""
    settings = make_settings(redis_url=redis_url, admin_password=PASSWORD, log_format="json")
    with opened(settings, tmp_path_factory.mktemp("app")) as found:
        yield found


@pytest.fixture(scope="module")
def admin(door: Door) -> Iterator[Front]:
    """nginx, which knows this host as that of the admin pages."""
    with front(f"127.0.0.1:{door.port}", DOMAIN="kantu.test", ADMIN_DOMAIN=DOMAIN) as found:
        yield found


@pytest.fixture(scope="module")
def webhook(door: Door) -> Iterator[Front]:
    """nginx, which knows this host as that of the webhook."""
    with front(f"127.0.0.1:{door.port}") as found:
        yield found


@pytest.fixture
def browser(admin: Front, connection: redis.Redis) -> Iterator[requests.Session]:
    """Somebody with a browser of before Sec-Fetch-Site."""
    with requests.Session() as session:
        session.trust_env, session.verify = False, str(admin.certificate)
        session.headers["Origin"] = admin.url
        yield session


def test_password_opens_the_pages_through_nginx(admin: Front, browser: requests.Session) -> None:
    assert browser.get(f"{admin.url}/admin/").url == f"{admin.url}/admin/login"
    form = {"password": PASSWORD}
    answer = browser.post(f"{admin.url}/admin/login", data=form, allow_redirects=False)
    assert answer.status_code == 303
    assert "Secure" in answer.headers["Set-Cookie"]
    overview = browser.get(f"{admin.url}/admin/")
    assert overview.status_code == 200
    assert overview.headers["Strict-Transport-Security"] == "max-age=63072000"
    assert overview.headers["X-Frame-Options"] == "DENY"
    assert browser.get(f"{admin.url}/admin/rq/").status_code == 200
    assert browser.get(f"{admin.url}/admin/static/admin.css").status_code == 200


def test_form_of_another_site_is_refused(admin: Front, browser: requests.Session) -> None:
    form, headers = {"password": PASSWORD}, {"Origin": "https://evil.example"}
    answer = browser.post(f"{admin.url}/admin/login", data=form, headers=headers)
    assert answer.status_code == 403


def test_addresses_are_those_that_nginx_sees(admin: Front, browser: requests.Session) -> None:
    headers = {"X-Forwarded-For": "203.0.113.7"}
    url, form = f"{admin.url}/admin/login", {"password": "wrong-one"}
    statuses = [browser.post(url, data=form, headers=headers).status_code for _ in range(6)]
    assert statuses == [403] * 5 + [429]


@pytest.mark.parametrize("path", ["/", "/wechat", "/metrics", "/readyz", "/healthz", "/adminx"])
def test_nothing_else_is_on_that_name(admin: Front, path: str) -> None:
    assert admin.ask(path).status_code == 404


@pytest.mark.parametrize("path", ["/admin/", "/admin/login", "/admin/rq/"])
def test_pages_are_not_on_the_webhook_s_name(webhook: Front, path: str) -> None:
    assert webhook.ask(path).status_code == 404


def test_request_is_known_by_one_id_in_every_log(webhook: Front, door: Door) -> None:
    path, body = message(door)
    signature = re.search(r"signature=\w+", path)
    assert signature is not None
    webhook.ask(path.replace(signature[0], "signature=" + "0" * 40), "POST", body)
    until(lambda: "refused: wrong signature" in door.log())
    lines = [json.loads(line) for line in door.log().splitlines()]
    (said,) = [line for line in lines if line["message"] == "refused: wrong signature"]
    assert (said["level"], said["program"], said["logger"]) == ("WARNING", "app", "app.webhook")
    until(lambda: f"id={said['request']}" in webhook.log())


def test_every_line_of_the_log_is_json(door: Door) -> None:
    assert door.program.log is not None
    for line in Path(door.program.log).read_text("utf-8").splitlines():
        assert json.loads(line)["time"]
