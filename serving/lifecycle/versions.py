"""Versions put online and offline, pinned and rolled back, by whoever may; each change recorded.

Only the record is written. The server reads it each time that it looks at the model's folder.
"""

from __future__ import annotations

from collections.abc import Callable

from serving.errors import FailedPrecondition, InvalidArgument, NotFound
from serving.lifecycle import record
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.offer import Offer, look
from serving.lifecycle.record import Change, RecordError

ACTIONS = ("online", "offline", "pin", "unpin", "rollback")
_WITHOUT = {"unpin", "rollback"}  # a version that is named
_DIGITS = 19  # of an int64


def change(model: ModelConfig, action: str, version: str, by: str) -> Change:
    """Record the change and return it; version is a number, a label, or empty for unpin, rollback.

    Raises InvalidArgument, NotFound where there is no such version, or FailedPrecondition.
    """
    _check_form(action, version)
    try:
        look(model)  # so that its label has a number
        with record.alone(model.base_path) as file:
            offer = look(model, assign=False)
            number = _CHECKS[action](model, offer, version)
            found = Change(when=record.now(), action=action, version=number, by=by)
            record.append(file, found)
    except (RecordError, OSError) as error:
        raise FailedPrecondition(str(error)) from None
    return found


def number_of(version: str) -> int | None:
    """Return the number that the text is, zeros before it or not; None where it is a label."""
    digits = version.lstrip("0") or version[-1:]
    decimal = version.isascii() and version.isdecimal() and len(digits) <= _DIGITS
    return int(digits) if decimal else None


def _check_form(action: str, version: str) -> None:
    if action not in ACTIONS:
        raise InvalidArgument(f"unknown action {action}; expected: {', '.join(ACTIONS)}")
    if (action in _WITHOUT) is bool(version):
        takes = "takes no version" if action in _WITHOUT else "needs a version"
        raise InvalidArgument(f"{action} {takes}")


def _named(model: ModelConfig, offer: Offer, version: str) -> int:
    """Return the number of a version that is there."""
    number = number_of(version)
    if number is None:
        number = offer.labels.get(version, model.labels.get(version))
    if number is None or number not in offer.paths:
        there = ", ".join(map(str, sorted(offer.paths))) or "none"
        raise NotFound(f"model {model.name} has no version {version[:100]}; there are: {there}")
    return number


def _online(model: ModelConfig, offer: Offer, version: str) -> int:
    number = _named(model, offer, version)
    _check_unpinned(offer, number)
    return number


def _offline(model: ModelConfig, offer: Offer, version: str) -> int:
    number = _named(model, offer, version)
    if offer.decisions.pinned == number:
        raise FailedPrecondition(f"version {number} is pinned: unpin it, or pin another, first")
    return number


def _check_unpinned(offer: Offer, number: int) -> None:
    pinned = offer.decisions.pinned
    if pinned not in {None, number}:
        raise FailedPrecondition(f"version {pinned} is pinned, no other is served: unpin it first")


def _unpin(_model: ModelConfig, offer: Offer, _version: str) -> None:
    if offer.decisions.pinned is None:
        raise FailedPrecondition("no version is pinned")


def _rollback(model: ModelConfig, offer: Offer, _version: str) -> int:
    """Return the version before the highest that is served: it will be pinned."""
    served = offer.chosen()
    if not served:
        raise FailedPrecondition(f"no version of model {model.name} is served")
    before = [each for each in offer.paths if each < served[0]]
    able = [each for each in before if each not in offer.decisions.offline]
    if not able:
        raise FailedPrecondition(f"there is no version before {served[0]} to go back to")
    return max(able)


_CHECKS: dict[str, Callable[[ModelConfig, Offer, str], int | None]] = {
    "online": _online,
    "offline": _offline,
    "pin": _named,
    "unpin": _unpin,
    "rollback": _rollback,
}
