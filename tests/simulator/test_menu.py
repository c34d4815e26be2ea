"""simulator.menu: WeChat's rules and errcodes for the account's menu."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.errors import ApiError
from simulator.menu import Menu
from tests.simulator.test_api import Client, account, client, token

__all__ = ["account", "client", "token"]  # fixtures
CLICK = {"type": "click", "name": "帮助", "key": "help"}
MORE = {"name": "更多", "sub_button": [CLICK]}


def test_menu_lives_until_it_is_deleted(client: Client, token: str) -> None:
    def ask(path: str) -> Any:
        return client.get(f"/cgi-bin/{path}?access_token={token}").json

    assert ask("menu/get")["errcode"] == 46003
    assert ask("get_current_selfmenu_info")["is_menu_open"] == 0
    page = '{"type": "view", "name": "页", "url": "http://a"}'
    body = f'{{"button": [{{"name": "更多", "sub_button": [{page}]}}]}}'
    path = f"/cgi-bin/menu/create?access_token={token}"
    assert client.post(path, data=body.encode()).json == {"errcode": 0, "errmsg": "ok"}
    below = [{"type": "view", "name": "页", "url": "http://a"}]
    assert ask("menu/get") == {"menu": {"button": [{"name": "更多", "sub_button": below}]}}
    shown = {"button": [{"name": "更多", "sub_button": {"list": below}}]}
    assert ask("get_current_selfmenu_info") == {"is_menu_open": 1, "selfmenu_info": shown}
    assert ask("menu/delete")["errcode"] == 0
    assert ask("menu/get")["errcode"] == 46003


def test_escapes_and_missing_tokens_are_refused(client: Client, token: str) -> None:
    body = rb'{"button": [{"type": "click", "name": "\u5e2e", "key": "help"}]}'
    answer = client.post(f"/cgi-bin/menu/create?access_token={token}", data=body).json
    assert (answer or {})["errcode"] == 40033
    answer = client.post("/cgi-bin/menu/create", data=b"{}").json
    assert (answer or {})["errcode"] == 41001


@pytest.mark.parametrize(
    ("buttons", "errcode"),
    [
        (None, 40016),
        ([], 40016),
        ([CLICK] * 4, 40016),
        ([1], 40016),
        ([{**CLICK, "type": "klick"}], 40017),
        ([{**CLICK, "name": "长" * 6}], 40018),
        ([{**CLICK, "key": ""}], 40019),
        ([{**CLICK, "type": "view"}], 40020),
        ([{**CLICK, "type": "media_id"}], 40017),
        ([{**MORE, "sub_button": [MORE]}], 40022),
        ([{**MORE, "sub_button": [CLICK] * 6}], 40023),
        ([{**MORE, "sub_button": [{**CLICK, "type": ""}]}], 40024),
        ([{**MORE, "sub_button": [{**CLICK, "name": "长" * 21}]}], 40025),
        ([{**MORE, "sub_button": [{**CLICK, "key": "k" * 129}]}], 40026),
        ([{**MORE, "sub_button": [{**CLICK, "type": "view"}]}], 40027),
    ],
)
def test_what_wechat_does_not_take_has_its_errcode(buttons: object, errcode: int) -> None:
    with pytest.raises(ApiError) as error:
        Menu().create(buttons)
    assert error.value.errcode == errcode
