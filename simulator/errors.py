"""What the simulator refuses.

ApiError     by WeChat's own rules: an errcode with HTTP 200, as its API gives them
WrongField   a field that the chat page or a test posted and that cannot be used: HTTP 400
NotHere      what only the demo can do, and there is none, or it does not answer: HTTP 503
"""

from __future__ import annotations

MESSAGES = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40004: "invalid media type",
    40005: "invalid file type",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid appid",
    40016: "invalid button size",
    40017: "invalid button type",
    40018: "invalid button name size",
    40019: "invalid button key size",
    40020: "invalid button url size",
    40022: "invalid sub-menu level",
    40023: "invalid sub button size",
    40024: "invalid sub button type",
    40025: "invalid sub button name size",
    40026: "invalid sub button key size",
    40027: "invalid sub button url size",
    40033: "invalid charset. please check your request, if include \\uxxxx will create fail!",
    40125: "invalid appsecret",
    40164: "invalid ip {address}, not in whitelist",
    40200: "invalid account type",
    41001: "access_token missing",
    41005: "media data missing",
    42001: "access_token expired",
    43004: "require subscribe",
    44004: "empty content",
    45001: "media size out of limit",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    45072: "invalid command",
    45080: "require user message within 30 seconds",
    45081: "typing already",
    46003: "menu no exist",
    47001: "data format error",
    48001: "api unauthorized",
    48006: "forbid to clear quota because of reaching the limit",
    76021: "cgi_path not found, please check",
}


class ApiError(Exception):
    """One refusal of WeChat's."""

    def __init__(self, errcode: int, address: str = "") -> None:
        super().__init__(MESSAGES[errcode].format(address=address))
        self.errcode = errcode


class WrongField(Exception):
    """One field; the text says what was found and what was expected."""


class NotHere(Exception):
    """What cannot be done here or now; the text says why."""
