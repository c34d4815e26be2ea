"""What the page shows of a request: enough to see how it is made, and no secret of it whole."""

from __future__ import annotations

import re
from collections.abc import Mapping

_SHOWN = 6  # characters of a signature
_LONGEST = 700  # characters of a body
_SECRETS = {"signature", "msg_signature"}
_SEALED = re.compile(r"(<Encrypt><!\[CDATA\[|\"Encrypt\": \")([^\]\"]{40})[^\]\"]+")
_SIGNED = re.compile(r"(<MsgSignature><!\[CDATA\[|\"MsgSignature\": \")([0-9a-f]{6})[0-9a-f]+")


def excerpts(query: Mapping[str, str], sent: bytes, answer: str) -> dict[str, str]:
    """Return the query, the body and the answer of a delivery, as people may read them."""
    shown = {
        name: f"{value[:_SHOWN]}…" if name in _SECRETS else value for name, value in query.items()
    }
    return {
        "query": "&".join(f"{name}={value}" for name, value in shown.items()),
        "body": _cut(sent.decode("utf-8", "replace")),
        "reply": _cut(answer),
    }


def _cut(text: str) -> str:
    shortened = _SIGNED.sub(r"\1\2…", _SEALED.sub(r"\1\2…", text))
    return shortened if len(shortened) <= _LONGEST else f"{shortened[:_LONGEST]}…"
