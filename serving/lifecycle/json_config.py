"""Simple TensorFlow Serving's config of models, in JSON: text in, one Entry for each model out.

Its keys: simple_tensorflow_serving/server.py, release 0.8.2; "version" is ours.
"""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

from serving.platforms.platform import AUTO

_KEYS = ("name", "base_path", "platform", "version", "custom_op_paths", "session_config")
_LABEL = re.compile(r"(?:\w[\w.+-]{0,99})?", re.ASCII)  # so that none leaves the model's folder
_COMMENT = re.compile(r"\s*#[^\n]*")  # of the text format; but documents have some above JSON, too
_WORD = re.compile(r"[^\W\d]")
_FRACTION = "per_process_gpu_memory_fraction"
_SESSION = {
    "log_device_placement": bool,
    "allow_soft_placement": bool,
    "allow_growth": bool,
    _FRACTION: float,
}


class WrongJson(Exception):
    """The text says what cannot be; value is what in it is wrong, or place where (line, column)."""

    def __init__(self, text: str, value: str = "", place: tuple[int, int] | None = None) -> None:
        super().__init__(text)
        self.value, self.place = value, place


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the config says of one model, not yet looked at."""

    name: str
    base_path: str
    platform: str = AUTO
    version: str = ""  # a number or a label
    custom_op_paths: str = ""
    session_config: str = ""  # JSON


def is_json(text: str) -> bool:
    """Return whether a config is of this format; the text format never begins so."""
    text = text.removeprefix("\ufeff")
    while comment := _COMMENT.match(text):
        text = text[comment.end() :]
    return text.lstrip().startswith("{")


def parse(text: str) -> list[Entry]:
    """Return what the text says of each model, in its order; raise WrongJson."""
    document = _load(text)
    models = document.get("model_config_list") if isinstance(document, dict) else None
    if not isinstance(models, list):
        raise WrongJson('expected {"model_config_list": [{"name": …, "base_path": …}, …]}')
    return [_entry(each) for each in models]


def _load(text: str) -> Any:
    text = text.removeprefix("\ufeff")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        found = text[error.pos :].split("\n", 1)[0].strip()[:40]
        hint = ": texts stand in quotes" if _WORD.match(found) else ""
        what = f"found: {found or 'the end of the line'}{hint}"
        raise WrongJson(f"{error.msg}; {what}", place=(error.lineno, error.colno)) from None
    except RecursionError:
        raise WrongJson("nested too deeply") from None


def _entry(given: Any) -> Entry:
    if not isinstance(given, dict):
        raise WrongJson(f"expected an object for each model; found: {json.dumps(given)[:40]}")
    for key in given:
        if key not in _KEYS:
            raise WrongJson(f"unknown key {key}; expected: {', '.join(_KEYS)}", key)
    return Entry(**{key: _text(key, value) for key, value in {**_EMPTY, **given}.items()})


_EMPTY = {"name": "", "base_path": ""}


def _text(key: str, value: Any) -> str:
    if key == "session_config":
        return session(value if isinstance(value, str) else json.dumps(value))
    if key == "custom_op_paths" and isinstance(value, list):
        return ",".join(_text(key, each) for each in value)
    if key == "version" and type(value) in {int, str}:  # no bool
        return version(str(value))
    if not isinstance(value, str):
        raise WrongJson(f"{key}: expected a string; found: {json.dumps(value)[:40]}", key)
    return value


def version(text: str) -> str:
    """Return the text where it can name a version; it may name a folder. Raises WrongJson."""
    if not _LABEL.fullmatch(text):
        raise WrongJson(
            f"version {text}: expected a number, or a label of letters, digits and . _ + -", text
        )
    return text


def session(text: str) -> str:
    """Return the session options where they are such; raise WrongJson."""
    if not text:
        return ""
    given = _load(text)
    if not isinstance(given, dict):
        raise WrongJson("session_config: expected an object", "session_config")
    for key, value in given.items():
        _check_option(key, value)
    return text


def _check_option(key: str, value: Any) -> None:
    kind = _SESSION.get(key)
    if kind is None:
        raise WrongJson(f"session_config: unknown {key}; expected: {', '.join(_SESSION)}", key)
    right = isinstance(value, bool) if kind is bool else _is_fraction(value)
    if not right:
        wanted = "true or false" if kind is bool else "a number of 0 to 1"
        raise WrongJson(f"session_config: {key}: expected {wanted}; found: {value!r}", key)


def _is_fraction(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
