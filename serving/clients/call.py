"""One request to a model, as its metadata describes it: where it goes, and what it holds."""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from serving.clients import sample
from serving.clients.sample import ClientError, Filled, Picture
from serving.errors import InvalidArgument
from serving.protocol import signature
from serving.protocol.signature import DEFAULT, Signature

# Nothing that any language could take for the end of a string or of a comment.
_URL = re.compile(r"https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?(/[A-Za-z0-9._~%/-]*)?")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A POST to a model."""

    url: str
    body: Mapping[str, Any]  # JSON, but for Picture and Filled where they stand for a value
    pictures: tuple[str, ...]  # names of the inputs that read a file, in the order of arguments
    hint: str  # what the reader of the program has to fill in; empty: nothing


def prepare(metadata: Mapping[str, Any], url: str, model: str, name: str = "") -> Call:
    """Return a call of the signature of that name, or of the model's best one; raise ClientError.

    metadata is the answer to GET …/metadata, url the server's, such as http://localhost:8501.
    """
    chosen, found = _choose(_signatures(metadata), name)
    verb = found.method_name.rpartition("/")[2]
    base = f"{checked(url)}/v1/models/{quote(model, safe='')}"
    if verb in {"classify", "regress"}:
        return Call(
            url=f"{base}:{verb}",
            body={"signature_name": chosen, "examples": [{}]},
            pictures=(),
            hint='the metadata does not name the features: write them into {}, such as {"x": 1.0}',
        )
    pictures = tuple(key for key, info in found.inputs.items() if sample.is_picture(key, info))
    inputs = {
        key: sample.tensor(
            key, info, Picture(pictures.index(key)) if key in pictures else sample.leaf(key, info)
        )
        for key, info in found.inputs.items()
    }
    body = {"signature_name": chosen, "inputs": inputs}
    return Call(url=f"{base}:predict", body=body, pictures=pictures, hint="")


def example(metadata: Mapping[str, Any], signature_name: str = "") -> dict[str, Any]:
    """Return the body of such a call as plain JSON; a small grey picture stands for each picture.

    Raises ClientError.
    """
    call = prepare(metadata, "http://localhost:8501", "model", signature_name)
    found: dict[str, Any] = _plain(call.body)
    return found


def _plain(value: Any) -> Any:
    match value:
        case Picture():
            return {"b64": base64.b64encode(sample.GREY_PNG).decode()}
        case Filled():
            return sample.expand(_plain(value.value), value.sizes)
        case Mapping():
            return {key: _plain(each) for key, each in value.items()}
        case list():
            return [_plain(each) for each in value]
    return value


def _signatures(metadata: Mapping[str, Any]) -> dict[str, Signature]:
    """Return those that can be called."""
    try:
        given = metadata["metadata"]["signature_def"]["signature_def"]
        found = {name: signature.of_json(each) for name, each in sorted(given.items())}
    except (AttributeError, KeyError, TypeError, InvalidArgument):
        raise ClientError(
            "this is not the metadata of a model: expected what GET /v1/models/NAME/metadata "
            f"answers, found {str(metadata)[:200]}"
        ) from None
    if called := {name: each for name, each in found.items() if each.inputs}:
        return called
    raise ClientError(f"the model has no signature with inputs; it has: {', '.join(found)}")


def _choose(signatures: Mapping[str, Signature], name: str) -> tuple[str, Signature]:
    if name and name not in signatures:
        raise ClientError(f"there is no signature {name!r} with inputs; {_listed(signatures)}")
    chosen = name or (DEFAULT if DEFAULT in signatures else next(iter(signatures)))
    return chosen, signatures[chosen]


def _listed(signatures: Mapping[str, Signature]) -> str:
    return f"expected one of {', '.join(signatures)}"


def checked(url: str) -> str:
    """Return the URL of a server without a last slash; raise ClientError where it is none."""
    if _URL.fullmatch(url):
        return url.rstrip("/")
    if "@" in url:  # not shown: it has a password
        raise ClientError(
            "the URL holds a user or a password, which has no place in a program; expected such "
            "as http://localhost:8501, and MODEL_SERVER_AUTH=user:password in the environment"
        )
    raise ClientError(f"{url!r} is not the URL of a server; expected such as http://localhost:8501")
