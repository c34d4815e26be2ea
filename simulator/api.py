"""The part of WeChat's API that an account like ours uses: paths, checks and errcodes."""

from __future__ import annotations

import re
from typing import Any

import flask

from simulator import calls
from simulator.account import Account
from simulator.errors import ApiError
from simulator.media import content_type

# WeChat wants UTF-8 as it is. After an even number of backslashes, u is the text's own letter.
_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u[0-9a-fA-F]{4}")


def api(account: Account) -> flask.Blueprint:
    """Return /cgi-bin/… of this account."""
    blueprint = flask.Blueprint("api", __name__, url_prefix="/cgi-bin")
    desk = _Desk(account)
    for method, path, view in (
        ("GET", "/token", desk.token),
        ("POST", "/stable_token", desk.stable_token),
        ("GET", "/getcallbackip", desk.callback_addresses),
        ("POST", "/openapi/quota/get", desk.quota),
        ("POST", "/clear_quota", desk.clear_quota),
        ("POST", "/media/upload", desk.upload),
        ("GET", "/media/get", desk.download),
        ("POST", "/message/custom/send", desk.send),
        ("POST", "/message/custom/typing", desk.typing),
        ("POST", "/menu/create", desk.create_menu),
        ("GET", "/menu/get", desk.menu),
        ("GET", "/get_current_selfmenu_info", desk.shown_menu),
        ("GET", "/menu/delete", desk.delete_menu),
    ):
        blueprint.add_url_rule(path, view_func=view, methods=[method])
    blueprint.register_error_handler(ApiError, _refuse)
    calls.watch(blueprint, account)
    return blueprint


class _Desk:
    """One method for each path."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def token(self) -> dict[str, Any]:
        query = flask.request.args
        if query.get("grant_type") != "client_credential":
            raise ApiError(40002)
        self._account.check_address(str(flask.request.remote_addr))
        self._account.count("token")
        with self._account.lock:
            token, life = self._account.credentials.plain(
                query.get("appid", ""), query.get("secret", "")
            )
        return {"access_token": token, "expires_in": life}

    def stable_token(self) -> dict[str, Any]:
        body = _json_body()
        if body.get("grant_type") != "client_credential":
            raise ApiError(40002)
        self._account.check_address(str(flask.request.remote_addr))
        with self._account.lock:
            token, life = self._account.credentials.stable(
                str(body.get("appid")),
                str(body.get("secret")),
                force=bool(body.get("force_refresh")),
            )
        return {"access_token": token, "expires_in": life}

    def callback_addresses(self) -> dict[str, Any]:
        self._check_token()
        return {"ip_list": self._account.callback_addresses}

    def quota(self) -> dict[str, Any]:
        self._check_token()
        api = str(_json_body().get("cgi_path")).removeprefix("/cgi-bin/")
        limit, used = self._account.quota(api)
        remain = max(0, limit - used)
        return {**_ok(), "quota": {"daily_limit": limit, "used": used, "remain": remain}}

    def clear_quota(self) -> dict[str, Any]:
        self._check_token()
        if not self._account.credentials.are_of(_json_body().get("appid")):
            raise ApiError(40013)
        self._account.clear_quota()
        return _ok()

    def upload(self) -> dict[str, Any]:
        self._check_token()
        self._account.check_permission()
        self._account.count("media/upload")
        file = flask.request.files.get("media")
        kind = flask.request.args.get("type", "")
        media_id = self._account.media.upload(kind, file.read() if file else b"")
        return {"type": kind, "media_id": media_id, "created_at": int(self._account.clock.now())}

    def download(self) -> flask.Response:
        self._check_token()
        self._account.check_permission()
        self._account.count("media/get")
        media_id = flask.request.args.get("media_id", "")
        data = self._account.media.get(media_id)
        return flask.Response(
            data,
            content_type=content_type(data),
            headers={"Content-Disposition": f'attachment; filename="{media_id}.jpg"'},
        )

    def send(self) -> dict[str, Any]:
        self._check_token()
        self._account.check_permission()
        if not self._account.pushes:
            raise ApiError(48001)
        self._account.count("message/custom/send")
        body = _json_body()
        kind, follower = body.get("msgtype"), body.get("touser")
        if kind not in {"text", "image", "msgmenu"}:
            raise ApiError(40008)
        if kind == "msgmenu" and not self._account.menus:
            raise ApiError(40200)
        content = body[kind] if isinstance(body.get(kind), dict) else {}
        with self._account.lock:
            if kind == "text":
                self._account.receive_text(follower, content.get("content"))
            elif kind == "image":
                self._account.receive_picture(follower, content.get("media_id"))
            else:
                self._account.receive_text(follower, content.get("head_content"))
                self._account.receive_menu(follower, content.get("list"))
        return _ok()

    def typing(self) -> dict[str, Any]:
        self._check_token()
        self._account.check_permission()
        body = _json_body()
        with self._account.lock:
            follower = self._account.follower(body.get("touser"))
            follower.type_at(str(body.get("command")), self._account.clock.now())
        return _ok()

    def create_menu(self) -> dict[str, Any]:
        self._check_token()
        self._account.check_permission()
        self._account.menu.create(_json_body().get("button"))
        return _ok()

    def menu(self) -> dict[str, Any]:
        self._check_token()
        self._account.check_permission()
        return {"menu": {"button": self._account.menu.get()}}

    def shown_menu(self) -> dict[str, Any]:
        self._check_token()
        return self._account.menu.shown()

    def delete_menu(self) -> dict[str, Any]:
        self._check_token()
        self._account.check_permission()
        self._account.menu.delete()
        return _ok()

    def _check_token(self) -> None:
        with self._account.lock:
            self._account.credentials.check(flask.request.args.get("access_token"))


def _json_body() -> dict[str, Any]:
    data = flask.request.get_data()
    body = flask.request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise ApiError(47001)
    if _ESCAPE.search(data):
        raise ApiError(40033)
    return body


def _ok() -> dict[str, Any]:
    return {"errcode": 0, "errmsg": "ok"}


def _refuse(error: ApiError) -> dict[str, Any]:
    return {"errcode": error.errcode, "errmsg": str(error)}
