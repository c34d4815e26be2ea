"""`python -m worker menu`: publish, show or remove the account's menu.

Like the doctor it asks WeChat itself, whatever pauses are in force, and needs no Redis.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from contract.settings import Settings, SettingsError, load_settings
from worker.button import MenuError, parse
from worker.doctor.account import refusal, sign_in
from worker.doctor.finding import Finding, Mark, note, well, wrong, wrong_settings
from worker.doctor.wechat_api import Answer, WeChatApi
from worker.doctor.wording import choose_language, put
from worker.errcodes import Api

_NO_MENU = 46003

Ask = Callable[..., Answer]  # WeChatApi.ask(), with a token


def offer(flags: argparse.ArgumentParser) -> None:
    """Say what manage() can be told on the command line."""
    flags.description = (
        "Publish, show or remove the account's menu. Exit status: 0 done, 1 WeChat refuses or is "
        "away, 2 the file or the settings are wrong."
    )
    actions = flags.add_subparsers(dest="action", metavar="ACTION", required=True)
    publish = actions.add_parser("publish", help="put this menu in place of the one that is there")
    publish.add_argument("file", metavar="FILE", type=Path, help="in WeChat's JSON: docs/menu.json")
    actions.add_parser("show", help="write the menu that followers see, as publish takes it")
    actions.add_parser("remove", help="take the menu away")


def manage(action: str, file: Path | None) -> int:
    """Do it and say what came of it; return the exit status."""
    logging.disable()  # what is worth saying becomes a line
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]  # no other is ever there
    try:
        settings = load_settings("wechat_app_secret")
    except SettingsError as error:
        return _give_up(wrong_settings(error))
    try:
        menu = parse(file.read_text("utf-8-sig")) if file else {}
    except (OSError, UnicodeDecodeError) as error:
        return _give_up([wrong("menu_file", "unreadable", path=str(file), error=str(error))])
    except MenuError as error:
        lines = str(error).splitlines()
        return _give_up([wrong("menu_file", "wrong", path=str(file), problem=e) for e in lines])
    finding = _ask_wechat(settings, action, menu)
    return _tell(finding) if finding is not None else 0


def _ask_wechat(settings: Settings, action: str, menu: dict[str, Any]) -> Finding | None:
    """Return what came of it; None where the answer is written already."""
    wechat = WeChatApi(settings)
    try:
        token, finding = sign_in(wechat, settings)
        return _act(action, menu, functools.partial(wechat.ask, token=token)) if token else finding
    except requests.RequestException as error:  # its text may hold the token
        return wrong("wechat", "away", url=wechat.url, error=type(error).__name__)


def _give_up(findings: list[Finding]) -> int:
    for finding in findings:
        _tell(finding)
    return 2


def _tell(finding: Finding) -> int:
    out = sys.stdout if finding.mark is Mark.WELL else sys.stderr
    language = choose_language()
    out.write(f"{put(finding, language).line(language, finding.mark)}\n")
    return int(finding.mark is Mark.WRONG)


def _act(action: str, menu: dict[str, Any], ask: Ask) -> Finding | None:
    if action == "show":
        return _show(ask("GET", "get_current_selfmenu_info"))
    if action == "remove":
        return _done(ask("GET", "menu/delete"), "removed")
    # WeChat takes UTF-8 as it is, and no \u escapes.
    body = json.dumps(menu, ensure_ascii=False).encode()
    return _done(ask("POST", "menu/create", data=body), "published")


def _done(answer: Answer, what: str) -> Finding:
    if answer.said.get("errcode") == 0:
        return well("menu", what)
    return _refused(answer)


def _show(answer: Answer) -> Finding | None:
    match answer.said:
        case {"is_menu_open": shown, "selfmenu_info": {"button": [_, *_] as buttons}}:
            menu = {"button": [_flat(each) for each in buttons]}
            sys.stdout.write(json.dumps(menu, ensure_ascii=False, indent=2) + "\n")
            return None if shown else note("menu", "off")
        case {"is_menu_open": _}:
            return note("menu", "none")
    return _refused(answer)


def _flat(button: Any) -> Any:
    """Return a button as menu/create takes it: without the list in "sub_button"."""
    match button:
        case {"sub_button": {"list": below}}:
            return {**button, "sub_button": below}
    return button


def _refused(answer: Answer) -> Finding:
    if answer.errcode == _NO_MENU:
        return note("menu", "none")
    finding = refusal("menu", Api.SEND, answer)  # Api.SEND: no meanings but the general ones
    return dataclasses.replace(finding, mark=Mark.WRONG)  # also where WeChat is busy: not done
