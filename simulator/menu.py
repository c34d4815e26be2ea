"""The account's menu, with WeChat's checks.

Source: "Create custom menu" and "Query custom menu information" in WeChat's documentation.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from simulator.errors import ApiError

_NEEDS = {
    **dict.fromkeys(("click", "scancode_push", "scancode_waitmsg"), ("key",)),
    **dict.fromkeys(("pic_sysphoto", "pic_photo_or_album", "pic_weixin"), ("key",)),
    **dict.fromkeys(("media_id", "view_limited"), ("media_id",)),
    **dict.fromkeys(("article_id", "article_view_limited"), ("article_id",)),
    "location_select": ("key",),
    "view": ("url",),
    "miniprogram": ("url", "appid", "pagepath"),
}
_LONGEST_KEY, _LONGEST_URL = 128, 1024  # bytes


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """What holds for buttons side by side: how many, how long a name, and the errcodes."""

    most: int
    longest_name: int  # bytes
    number: int
    kind: int
    name: int
    key: int
    url: int


_ABOVE = _Row(most=3, longest_name=16, number=40016, kind=40017, name=40018, key=40019, url=40020)
_BELOW = _Row(most=5, longest_name=60, number=40023, kind=40024, name=40025, key=40026, url=40027)


class Menu:
    """What followers see at the foot of the chat."""

    def __init__(self) -> None:
        self._buttons: list[dict[str, Any]] = []

    def create(self, buttons: object) -> None:
        """Put these buttons in place of the others; raise ApiError."""
        self._buttons = _checked(buttons, _ABOVE)

    def get(self) -> list[dict[str, Any]]:
        """Return the buttons as they were created; raise ApiError where there are none."""
        if not self._buttons:
            raise ApiError(46003)
        return [{"sub_button": [], **each} for each in self._buttons]

    def shown(self) -> dict[str, Any]:
        """Return them as get_current_selfmenu_info does, with a list of its own below a button."""
        buttons = [
            {**each, "sub_button": {"list": each["sub_button"]}} if each.get("sub_button") else each
            for each in self._buttons
        ]
        return {"is_menu_open": int(bool(buttons)), "selfmenu_info": {"button": buttons}}

    def delete(self) -> None:
        """Take them away."""
        self._buttons = []


def _checked(buttons: object, row: _Row) -> list[dict[str, Any]]:
    if not isinstance(buttons, list) or not 0 < len(buttons) <= row.most:
        raise ApiError(row.number)
    for button in buttons:
        if not isinstance(button, dict):
            raise ApiError(row.number)
        if not 0 < _size(button.get("name")) <= row.longest_name:
            raise ApiError(row.name)
        below = button.get("sub_button")
        if below and row is _BELOW:
            raise ApiError(40022)
        if below:
            _checked(below, _BELOW)
        else:
            _check(button, row)
    return buttons


def _check(button: dict[str, Any], row: _Row) -> None:
    """Raise ApiError where a button lacks what its type needs, or that is too long."""
    fields = _NEEDS.get(str(button.get("type")))
    if fields is None:
        raise ApiError(row.kind)
    if "key" in fields and not 0 < _size(button.get("key")) <= _LONGEST_KEY:
        raise ApiError(row.key)
    if "url" in fields and not 0 < _size(button.get("url")) <= _LONGEST_URL:
        raise ApiError(row.url)
    if not all(_size(button.get(field)) for field in fields):
        raise ApiError(row.kind)


def _size(text: object) -> int:
    return len(text.encode()) if isinstance(text, str) else 0
