"""What WeChat takes as a menu: three buttons, each with up to five below it.

Source: "Create custom menu", https://developers.weixin.qq.com/doc/service/
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

_MOST_BUTTONS, _MOST_BELOW = 3, 5
_LONGEST_NAME, _LONGEST_NAME_BELOW = 16, 60  # bytes of UTF-8; phones show 4 and 8 Chinese letters
_LONGEST: MappingProxyType[str, int] = MappingProxyType({"key": 128, "url": 1024})  # bytes of UTF-8
_KEY, _URL, _MEDIA, _ARTICLE = ("key",), ("url",), ("media_id",), ("article_id",)
TYPES: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(  # with the fields that each needs
    {
        "click": _KEY,
        "view": _URL,
        "scancode_push": _KEY,
        "scancode_waitmsg": _KEY,
        "pic_sysphoto": _KEY,
        "pic_photo_or_album": _KEY,
        "pic_weixin": _KEY,
        "location_select": _KEY,
        "media_id": _MEDIA,
        "view_limited": _MEDIA,
        "article_id": _ARTICLE,
        "article_view_limited": _ARTICLE,
        "miniprogram": ("url", "appid", "pagepath"),
    }
)


class MenuError(Exception):
    """Some of a menu is wrong; the text has a line for each, which names the button."""


def parse(text: str) -> dict[str, Any]:
    """Return the menu in a text, {"button": […]} as WeChat writes it; raise MenuError."""
    try:
        menu = json.loads(text)
        json.dumps(menu, ensure_ascii=False).encode()  # half an emoji cannot be sent
    except (ValueError, RecursionError) as error:
        raise MenuError(f"it is no JSON: {error}") from None
    if not isinstance(menu, dict) or menu.keys() != {"button"}:
        found = f"the keys {sorted(menu)}" if isinstance(menu, dict) else type(menu).__name__
        raise MenuError(f'it has {found}; expected {{"button": […]}} and nothing beside it')
    if problems := list(_check_row(menu["button"], "the menu", _MOST_BUTTONS)):
        raise MenuError("\n".join(problems))
    return menu


def _check_row(buttons: object, place: str, most: int) -> Iterator[str]:
    """Give what is wrong with buttons that stand side by side; place: where that is."""
    if not isinstance(buttons, list) or not 0 < len(buttons) <= most:
        found = len(buttons) if isinstance(buttons, list) else type(buttons).__name__
        yield f"{place}: found {found} buttons; expected a list of 1 to {most}"
        return
    for number, button in enumerate(buttons, 1):
        is_below = most == _MOST_BELOW
        within = f"{place}, " if is_below else ""
        if isinstance(button, dict):
            yield from _check(button, f"{within}button {number} “{button.get('name')}”", is_below)
        else:
            yield f"{within}button {number}: found {type(button).__name__}; expected an object"


def _check(button: Mapping[str, Any], place: str, is_below: bool) -> Iterator[str]:  # noqa: FBT001  # one of two rows
    yield from _check_text(
        button, "name", place, _LONGEST_NAME_BELOW if is_below else _LONGEST_NAME
    )
    below = button.get("sub_button") or []  # WeChat itself writes an empty list for none
    if below and is_below:
        yield f"{place}: it has buttons below it; expected none, as it is below another itself"
    elif below:
        yield from _check_row(below, place, _MOST_BELOW)
    elif isinstance(button.get("type"), str) and button["type"] in TYPES:
        for name in TYPES[button["type"]]:
            yield from _check_text(button, name, place, _LONGEST.get(name, 1024))
    else:
        yield f"{place}: type {button.get('type')!r}; expected one of {', '.join(TYPES)}"


def _check_text(button: Mapping[str, Any], name: str, place: str, most: int) -> Iterator[str]:
    text = button.get(name)
    if not isinstance(text, str) or not text.strip():
        yield f"{place}: {name} is {text!r}; expected a text"
    elif (size := len(text.encode())) > most:
        yield f"{place}: {name} has {size} bytes of UTF-8; expected {most} at most"
    elif name == "url" and not text.startswith(("http://", "https://")):
        yield f"{place}: url is {text!r}; expected http://… or https://…"
