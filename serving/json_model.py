"""What GET answers of a model, in JSON: the state of its versions, and what it may be asked.

Source: ToJsonString in tensorflow_serving/model_servers/http_rest_api_util.cc: the messages of gRPC
with their proto field names, defaults included and int64 as strings.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from serving.protocol import signature
from serving.servable import Served, VersionStatus


def status(versions: Sequence[VersionStatus]) -> bytes:
    """Return GetModelStatusResponse."""
    return _dump({"model_version_status": [_version_status(version) for version in versions]})


def _version_status(version: VersionStatus) -> dict[str, object]:
    return {
        "version": str(version.number),
        "state": version.state,
        "status": {"error_code": version.code, "error_message": version.message},
    }


def metadata(served: Served) -> bytes:
    """Return GetModelMetadataResponse with its only part, signature_def."""
    found = served.servable.signatures
    signatures = {name: signature.as_json(each) for name, each in found.items()}
    version = str(served.version)
    return _dump(
        {
            "model_spec": {"name": served.name, "signature_name": "", "version": version},
            "metadata": {"signature_def": {"signature_def": signatures}},
        }
    )


def _dump(document: object) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)
