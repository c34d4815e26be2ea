"""simulator.calls: what the API was asked, and for whom."""

from __future__ import annotations

from typing import Any

import flask
import flask.testing
import pytest

from simulator.account import Account
from simulator.api import api
from simulator.followers import MESSAGE_ALLOWS, Follower
from tests.conftest import APP_ID, APP_SECRET

ANN = "o" + "A" * 27


@pytest.fixture
def account() -> Account:
    account = Account(APP_ID, APP_SECRET)
    account.followers[ANN] = Follower(openid=ANN)
    account.followers[ANN].allow(MESSAGE_ALLOWS, account.clock.now())
    return account


@pytest.fixture
def client(account: Account) -> flask.testing.FlaskClient:
    app = flask.Flask("wechat")
    app.register_blueprint(api(account))
    return app.test_client()


def token(client: flask.testing.FlaskClient) -> str:
    fields = {"grant_type": "client_credential", "appid": APP_ID, "secret": APP_SECRET}
    answer = client.post("/cgi-bin/stable_token", json=fields).json
    assert answer is not None
    return str(answer["access_token"])


def last_call(account: Account) -> dict[str, Any]:
    return [each for each in account.transcript.since(0) if each["kind"] == "call"][-1]


def test_call_is_noted_with_whom_it_is_for(
    account: Account, client: flask.testing.FlaskClient
) -> None:
    query = {"access_token": token(client)}
    message = {"touser": ANN, "msgtype": "text", "text": {"content": "hi"}}
    client.post("/cgi-bin/message/custom/send", query_string=query, json=message)
    call = last_call(account)
    assert (call["api"], call["follower"], call["errcode"]) == ("message/custom/send", ANN, 0)
    assert '"hi"' in call["body"]


def test_refusal_is_noted(account: Account, client: flask.testing.FlaskClient) -> None:
    client.get("/cgi-bin/media/get", query_string={"access_token": "old", "media_id": "m"})
    call = last_call(account)
    assert (call["errcode"], call["media_id"]) == (40001, "m")


def test_no_secret_is_noted(account: Account, client: flask.testing.FlaskClient) -> None:
    given = token(client)
    client.get("/cgi-bin/getcallbackip", query_string={"access_token": given})
    noted = str(account.transcript.since(0))
    assert given not in noted
    assert APP_SECRET not in noted


def test_account_that_may_not_push_is_told_so(
    account: Account, client: flask.testing.FlaskClient
) -> None:
    account.pushes = False
    query = {"access_token": token(client)}
    message = {"touser": ANN, "msgtype": "text", "text": {"content": "hi"}}
    client.post("/cgi-bin/message/custom/send", query_string=query, json=message)
    assert last_call(account)["errcode"] == 48001


def test_slow_wechat_takes_its_time(account: Account, client: flask.testing.FlaskClient) -> None:
    account.delay = 0.05
    token(client)
    assert last_call(account)["ms"] >= 50
