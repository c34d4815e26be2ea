"""Clients in Python 3.8 or newer, with its standard library alone."""

from __future__ import annotations

from typing import Any

from serving.clients import literal
from serving.clients.call import Call
from serving.clients.literal import Syntax, json_scalar


def _scalar(value: Any) -> str:
    plain = isinstance(value, str) and value.isascii() and value.isprintable()
    return json_scalar(value) if plain else ascii(value)


_SYNTAX = Syntax(
    mapping=("{", "}"),
    sequence=("[", "]"),
    scalar=_scalar,
    key=_scalar,
    picture=lambda number: f"picture(sys.argv[{number + 1}])",
    filled=lambda value, sizes: f"filled({value}, {', '.join(map(str, sizes))})",
)

_PROGRAM = """\
#!/usr/bin/env python3
# Usage: {usage}
# Where the server asks who you are, set MODEL_SERVER_AUTH=user:password.{hint}
import base64
import json
import os
import sys
import urllib.error
import urllib.request

URL = "{url}"
{helpers}

def ask(body):
    data, headers = json.dumps(body).encode(), {{"Content-Type": "application/json"}}
    if auth := os.environ.get("MODEL_SERVER_AUTH"):
        headers["Authorization"] = "Basic " + base64.b64encode(auth.encode()).decode()
    request = urllib.request.Request(URL, data, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


if len(sys.argv) != {arguments}:
    sys.exit("usage: {usage}")
try:
    body = {body}
    print(json.dumps(ask(body)))
except urllib.error.HTTPError as error:
    sys.exit(f"HTTP {{error.code}}: {{error.read().decode()}}")
except OSError as error:
    sys.exit(str(error))
"""

_HELPERS = {
    "picture(": """

def picture(path):
    with open(path, "rb") as file:
        return {"b64": base64.b64encode(file.read()).decode()}
""",
    "filled(": """

def filled(value, *sizes):
    for size in reversed(sizes):
        value = [value] * size
    return value
""",
}


def write(call: Call) -> str:
    """Return the program."""
    body = literal.write(call.body, _SYNTAX, 1)
    return _PROGRAM.format(
        url=call.url,
        usage=literal.usage("python3 client.py", call.pictures),
        arguments=len(call.pictures) + 1,
        hint=f"\n# {call.hint}" if call.hint else "",
        body=body,
        helpers=literal.used(body, _HELPERS),
    )
