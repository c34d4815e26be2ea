"""Metadata, fetched from whatever server speaks TensorFlow Serving's REST."""

from __future__ import annotations

import base64
import http.client
import json
import os
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote

from serving.clients.call import checked
from serving.clients.sample import ClientError

_TIMEOUT = 30.0  # seconds
_LARGEST = 2**26  # bytes


def fetch(url: str, model: str) -> dict[str, Any]:
    """Return what GET …/metadata answers; raise ClientError.

    Who asks is said by MODEL_SERVER_AUTH=user:password in the environment, if at all.
    """
    address = f"{checked(url)}/v1/models/{quote(model, safe='')}/metadata"
    headers = {}
    if auth := os.environ.get("MODEL_SERVER_AUTH"):
        headers["Authorization"] = f"Basic {base64.b64encode(auth.encode()).decode()}"
    request = urllib.request.Request(address, headers=headers)  # noqa: S310  # http or https: checked
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            found: dict[str, Any] = json.loads(answer.read(_LARGEST))
    except urllib.error.HTTPError as error:
        raise ClientError(_refusal(address, error)) from None
    except (OSError, http.client.HTTPException) as error:
        raise ClientError(f"no answer from {address}: {error}") from None
    except ValueError:
        raise ClientError(f"{address} answers something else than JSON") from None
    return found


def _refusal(address: str, error: urllib.error.HTTPError) -> str:
    words = error.read(500).decode(errors="replace").strip()
    hint = "; set MODEL_SERVER_AUTH=user:password" if error.code == 401 else ""
    return f"{address} answers HTTP {error.code}: {words}{hint}"
