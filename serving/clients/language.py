"""The languages that clients are written in."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from serving.clients.call import prepare
from serving.clients.sample import ClientError

LANGUAGES = ("python", "bash", "go", "javascript")
_ALIASES = {"golang": "go"}  # Simple TensorFlow Serving's name


def generate(
    metadata: Mapping[str, Any], url: str, model: str, language: str, signature_name: str = ""
) -> str:
    """Return a program that asks the model, whole and with no dependencies; raise ClientError.

    metadata is the answer to GET …/metadata of any TensorFlow Serving server, url the server's.
    """
    language = _ALIASES.get(language, language)
    if language not in LANGUAGES:
        raise ClientError(f"no clients in {language!r}; expected one of {', '.join(LANGUAGES)}")
    call = prepare(metadata, url, model, signature_name)
    program: str = importlib.import_module(f"serving.clients.{language}").write(call)
    return program
