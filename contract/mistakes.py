"""What is wrong with settings, in words that show no secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo


def problems_of(error: ValidationError, fields: Mapping[str, FieldInfo]) -> list[str]:
    """Return a line for each; a default that hangs on a wrong setting is none of its own."""
    found = error.errors(include_url=False)
    return [
        _describe(each, fields) for each in found if each["type"] != "default_factory_not_called"
    ]


def _describe(problem: Any, fields: Mapping[str, FieldInfo]) -> str:
    name = str(problem["loc"][0])
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "missing":
        return f"{name.upper()} is not set"
    if problem["input"] is None:
        return f"{name.upper()} {message}"
    secret = "SecretStr" in str(fields[name].annotation)
    shown = "" if secret else f"={_without_secrets(problem['input'])!r}"
    return f"{name.upper()}{shown}: {message}"


def _without_secrets(value: object) -> str:
    """Return the value, if it is an address without its password and its query."""
    text = re.sub(r"(?<=//)([^:@]*:)?.*(?=@)", r"\1***", str(value))  # whatever signs it has
    return re.sub(r"\?.+", "?***", text)
