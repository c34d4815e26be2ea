"""Beside the chat: what just happened, how the programs are, and the buttons that break them."""

from __future__ import annotations

from typing import Any

import flask

from simulator import story
from simulator.account import Account
from simulator.courier import MODES
from simulator.errors import WrongField
from simulator.faults import FAULTS, Faults
from simulator.ledger import Ledger
from simulator.story import Trace


def stage(account: Account, faults: Faults, trace: Trace) -> flask.Blueprint:
    """Return /demo/… in JSON."""
    blueprint = flask.Blueprint("stage", __name__, url_prefix="/demo")
    views = _Views(account, faults, trace)
    for method, path, view in (
        ("GET", "/state", views.state),
        ("GET", "/story", views.story),
        ("POST", "/faults/<name>", views.fault),
        ("POST", "/account", views.account),
    ):
        blueprint.add_url_rule(path, view_func=view, methods=[method])
    return blueprint


class _Views:
    def __init__(self, account: Account, faults: Faults, trace: Trace) -> None:
        self._account, self._faults, self._trace = account, faults, trace
        self._ledger = Ledger(account.transcript, trace)

    def state(self) -> dict[str, Any]:
        """Return how everything is, and the account of all messages."""
        return {
            "run": self._account.transcript.run,
            "demo": self._faults.has_demo,
            "ledger": self._ledger.count(),
            "menu": self._account.menu.shown()["selfmenu_info"]["button"],
            **self._faults.state(),
        }

    def story(self) -> dict[str, Any]:
        """Return what became of the push of that number."""
        number = flask.request.args.get("push", "")
        if not number.isdecimal():
            raise WrongField(f"push={number!r} is not an int; expected a push's number")
        return story.tell(self._account.transcript, self._trace, int(number))

    def fault(self, name: str) -> dict[str, Any]:
        """Break something, or mend it with on=0."""
        if name not in FAULTS:
            raise WrongField(f"{name!r} is no fault; expected one of {', '.join(FAULTS)}")
        openid = self._account.follower(flask.request.form.get("follower")).openid
        self._faults.act(name, openid, on=_flag("on", "1"))
        return self._faults.state()

    def account(self) -> dict[str, Any]:
        """Change the account: its mode, and whether it is verified."""
        mode = flask.request.form.get("mode")
        if mode is not None:
            if mode not in MODES:
                raise WrongField(f"mode={mode!r}; expected one of {', '.join(MODES)}")
            self._faults.choose_mode(mode)
        if "verified" in flask.request.form:
            self._faults.verify(verified=_flag("verified", ""))
        return self._faults.state()


def _flag(name: str, default: str) -> bool:
    text = flask.request.form.get(name, default)
    if text not in {"0", "1"}:
        raise WrongField(f"{name}={text!r}; expected 0 or 1")
    return text == "1"
