"""Notes each call of WeChat's API in the transcript; and makes WeChat slow, where it shall be."""

from __future__ import annotations

import time

import flask

from simulator.account import Account

_LONGEST = 600  # characters of a body


def watch(blueprint: flask.Blueprint, account: Account) -> None:
    """Have every call to the blueprint noted: what was asked, for whom, what WeChat said."""

    def begin() -> None:
        flask.g.began = time.time()
        if account.delay:
            time.sleep(account.delay)

    def end(response: flask.Response) -> flask.Response:
        said = response.get_json(silent=True) if response.is_json else None
        account.transcript.add(
            "call",
            account.clock.now(),
            follower=_follower(account),
            api=flask.request.path.removeprefix("/cgi-bin/"),
            method=flask.request.method,
            began=flask.g.began,
            ms=round(1000 * (time.time() - flask.g.began), 1),
            errcode=said.get("errcode", 0) if isinstance(said, dict) else 0,
            errmsg=said.get("errmsg", "") if isinstance(said, dict) else "",
            media_id=flask.request.args.get("media_id", ""),
            body=_body(),
        )
        return response

    blueprint.before_request(begin)
    blueprint.after_request(end)


def _follower(account: Account) -> str:
    """Return whom a call is about; empty for the account as a whole."""
    asked = flask.request.get_json(force=True, silent=True) if flask.request.data else None
    touser = asked.get("touser") if isinstance(asked, dict) else None
    return touser if isinstance(touser, str) and touser in account.followers else ""


def _body() -> str:
    """Return what was posted; credentials and files are nobody's to read."""
    if flask.request.path.endswith(("/stable_token", "/media/upload")):
        return ""
    text = flask.request.get_data(as_text=True)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
