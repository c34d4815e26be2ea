"""What a request to POST / asks for: its JSON in, a model, a signature and arrays out.

Body: {"model_name", "model_version", "signature_name", "data": {input: value}, "preprocess",
"postprocess", "base64_decode"}, of which only data is needed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from serving.errors import InvalidArgument
from serving.lifecycle.versions import number_of
from serving.protocol import predict_body
from serving.protocol.json_parse import json_type
from serving.protocol.json_tensor import DEEPEST, Array, is_b64
from serving.protocol.signature import DEFAULT, Signature

TEXTS = ("model_name", "signature_name", "preprocess", "postprocess")
_KEYS = ("data", *TEXTS, "model_version", "base64_decode", "run_profile")
_STANDARD = str.maketrans("-_", "+/")  # of the URL-safe alphabet: RFC 4648, section 5


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request."""

    arrays: Callable[[Signature], dict[str, Array]]  # raises ServingError
    model_name: str = ""  # empty: the one of the flags, or the only one
    version: int | None = None
    label: str | None = None
    signature_name: str = DEFAULT
    preprocess: str = ""
    postprocess: str = ""


def of_json(body: Mapping[str, Any]) -> Asked:
    """Return what the body asks for; raise InvalidArgument."""
    for key in body:
        if key not in _KEYS:
            raise InvalidArgument(f"unknown key {key}; expected: {', '.join(_KEYS)}")
    if "data" not in body:
        raise InvalidArgument('the body has no "data"; expected: {"data": {"INPUT": VALUE}}')
    decode = body.get("base64_decode", False)
    if not isinstance(decode, bool):
        raise InvalidArgument(f"base64_decode: expected true or false; found: {json_type(decode)}")
    texts = {key: _text(body, key) for key in TEXTS if body.get(key) is not None}
    return of_texts(
        lambda chosen: _arrays(body["data"], chosen, decode=decode),
        {**texts, "run_profile": body.get("run_profile") or ""},
        body.get("model_version"),
    )


def of_texts(
    arrays: Callable[[Signature], dict[str, Array]], texts: Mapping[str, str], version: object
) -> Asked:
    """Return a request with these TEXTS, as far as they are not empty; raise InvalidArgument."""
    if texts.get("run_profile"):
        raise InvalidArgument("run_profile is not supported; GET /statistics tells of times")
    number, label = _version(version)
    return Asked(
        arrays=arrays,
        version=number,
        label=label,
        **{key: text for key, text in texts.items() if text and key in TEXTS},
    )


def _text(body: Mapping[str, Any], key: str) -> str:
    found = body[key]
    if not isinstance(found, str):
        raise InvalidArgument(f"{key}: expected a string; found: {json_type(found)}")
    return found


def _version(value: object) -> tuple[int | None, str | None]:
    """Return a number, or a label; neither where none is asked for."""
    if value is None or value == "":
        return None, None
    if isinstance(value, bool) or not isinstance(value, int | str):
        found = json_type(value)
        raise InvalidArgument(f"model_version: expected a number or a label; found: {found}")
    number = value if isinstance(value, int) else number_of(value)
    return (number, None) if number is not None else (None, str(value))


def _arrays(data: Any, chosen: Signature, *, decode: bool) -> dict[str, Array]:
    """Return one array for each input; raise InvalidArgument or Unimplemented."""
    if isinstance(data, dict) and not is_b64(data):
        check_names(data, chosen)
        strings = {name for name in data if chosen.inputs[name].dtype == "DT_STRING"}
        given = {
            name: _read(data[name], decode=decode) if name in strings else data[name]
            for name in data
        }
    else:
        given = data if _only(chosen).dtype != "DT_STRING" else _read(data, decode=decode)
    return predict_body.to_arrays({"inputs": given}, chosen)


def check_names(given: Mapping[str, Any], chosen: Signature) -> None:
    """Raise InvalidArgument unless just the inputs of the signature are given."""
    missing = set(chosen.inputs) - set(given)
    unknown = set(given) - set(chosen.inputs)
    if missing or unknown:
        takes = ", ".join(f"{name} ({each.dtype})" for name, each in chosen.inputs.items())
        wrong = [f"missing: {', '.join(sorted(missing))}"] if missing else []
        wrong += [f"unknown: {', '.join(sorted(unknown))}"] if unknown else []
        raise InvalidArgument(f"{'; '.join(wrong)}. This signature takes: {takes}")


def _only(chosen: Signature) -> Any:
    """Return the one input of a signature; raise InvalidArgument where there are others."""
    if len(chosen.inputs) != 1:
        raise InvalidArgument(
            f"data is no object, but this signature takes {len(chosen.inputs)} inputs: "
            f"{', '.join(chosen.inputs) or 'none'}"
        )
    return next(iter(chosen.inputs.values()))


def _read(value: Any, *, decode: bool, depth: int = 0) -> Any:
    """Return {"b64": …} of either alphabet in the standard one; with decode, of each string."""
    if isinstance(value, list) and depth < DEEPEST:  # what is deeper is refused with the rest
        return [_read(each, decode=decode, depth=depth + 1) for each in value]
    if is_b64(value):
        return {"b64": value["b64"].translate(_STANDARD)}
    if decode and isinstance(value, str):
        return {"b64": value.translate(_STANDARD)}
    return value
