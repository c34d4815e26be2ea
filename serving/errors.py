"""What can go wrong with a request, as TensorFlow Serving names it.

ServingError
├── InvalidArgument      the request is wrong: bad JSON, wrong type, wrong shape
├── FailedPrecondition   the request is right, the model cannot take it now
├── NotFound             no such model, version or signature
├── Unimplemented        a part of the protocol that JSON has no form for
├── Unavailable          not now; the same request may succeed later
└── Internal             the model itself failed

HTTP codes: ToHTTPStatusCode in tensorflow_serving/model_servers/http_server.cc.
"""

from __future__ import annotations


class ServingError(Exception):
    """An answer other than the one asked for; its text goes to the client unchanged."""

    http = 500
    code = "UNKNOWN"


class InvalidArgument(ServingError):
    """The request is wrong, and would be wrong tomorrow."""

    http = 400
    code = "INVALID_ARGUMENT"


class FailedPrecondition(ServingError):
    """The model cannot take such a request."""

    http = 400
    code = "FAILED_PRECONDITION"


class NotFound(ServingError):
    """There is no such model or version."""

    http = 404
    code = "NOT_FOUND"


class Unimplemented(ServingError):
    """The protocol has no such thing over JSON."""

    http = 501
    code = "UNIMPLEMENTED"


class Unavailable(ServingError):
    """Too busy, or still loading."""

    http = 503
    code = "UNAVAILABLE"


class Internal(ServingError):
    """The model failed on a request that looked right."""

    http = 500
    code = "INTERNAL"
