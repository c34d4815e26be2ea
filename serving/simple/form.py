"""POST / as a form with files, as a browser or curl -F sends it: bytes in, a request out.

A file's field is the name of an input; image, or images again and again, stands for the one input
that takes strings. File names are looked at by nobody, and nothing is written to disk.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from werkzeug.exceptions import HTTPException
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from serving.errors import InvalidArgument
from serving.protocol.json_tensor import Array, to_array
from serving.protocol.signature import Signature, TensorInfo
from serving.simple.asked import TEXTS, Asked, check_names, of_texts

_TYPE = "multipart/form-data"
_IMAGE = ("image", "images")
_SETTINGS = (*TEXTS, "model_version", "run_profile")
_MOST = 10_000  # parts


def is_form(content_type: str) -> bool:
    """Return whether a body of this Content-Type is such a form."""
    return parse_options_header(content_type)[0].lower() == _TYPE


def of_form(body: bytes, content_type: str) -> Asked:
    """Return what the form asks for; raise InvalidArgument."""
    texts, files = _parts(body, content_type)
    settings = {key: each[-1] for key, each in texts.items() if key in _SETTINGS}
    fields = {key: each for key, each in texts.items() if key not in _SETTINGS}
    return of_texts(
        lambda chosen: _arrays(fields, files, chosen),
        settings,
        settings.get("model_version"),
    )


def _parts(body: bytes, content_type: str) -> tuple[dict[str, list[str]], dict[str, list[bytes]]]:
    """Return the texts and the files by their fields; raise InvalidArgument."""
    mimetype, parameters = parse_options_header(content_type)
    parser = FormDataParser(
        stream_factory=lambda *_, **__: io.BytesIO(),
        max_form_memory_size=len(body),
        max_form_parts=_MOST,
        silent=False,
    )
    try:
        _, form, files = parser.parse(io.BytesIO(body), mimetype, len(body), parameters)
    except (ValueError, HTTPException) as error:
        raise InvalidArgument(f"not a form of {_TYPE} that can be read: {error}") from None
    found = {key: [each.read() for each in values] for key, values in files.lists()}
    return dict(form.lists()), found


def _arrays(
    texts: Mapping[str, Sequence[str]], files: Mapping[str, Sequence[bytes]], chosen: Signature
) -> dict[str, Array]:
    """Return one array for each input of the signature; raise ServingError."""
    named: dict[str, list[bytes]] = {}
    for field in sorted(files):  # image before images, as Simple TensorFlow Serving has them
        named.setdefault(_input(field, chosen), []).extend(files[field])
    check_names({**texts, **named}, chosen)
    found = {name: _of_files(name, each, chosen.inputs[name]) for name, each in named.items()}
    for name, each in texts.items():
        found[name] = _of_texts(each, chosen.inputs[name])
    return found


def _input(field: str, chosen: Signature) -> str:
    """Return the input that a file's field is for; raise InvalidArgument."""
    strings = [name for name, info in chosen.inputs.items() if info.dtype == "DT_STRING"]
    if field in strings:
        return field
    pictures = [name for name in strings if "image" in name.lower()]
    for candidates in (pictures, strings):
        if field in _IMAGE and len(candidates) == 1:
            return candidates[0]
    takes = ", ".join(strings) or "no files: its inputs are numbers"
    raise InvalidArgument(f"a file came as {field}; this signature takes: {takes}")


def _of_files(name: str, files: Sequence[bytes], info: TensorInfo) -> Array:
    """Return string [files], or one string where the input has no dimension."""
    found = np.empty(len(files), np.object_)
    found[:] = files
    if info.shape != ():
        return found
    if len(files) > 1:
        raise InvalidArgument(f"{name} takes one file; found: {len(files)}")
    return found.reshape(())


def _of_texts(texts: Sequence[str], info: TensorInfo) -> Array:
    """Return the values of a field that came once for each row; JSON where they are no strings."""
    values: list[Any] = list(texts) if info.dtype == "DT_STRING" else list(map(_json, texts))
    single = info.shape == () and len(values) == 1
    return to_array(values[0] if single else values, info.dtype)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidArgument(f"expected a number or JSON; found: {text[:40]}") from None
