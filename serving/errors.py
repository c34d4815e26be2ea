"""What can go wrong with a request, as TensorFlow Serving names it.

ServingError
├── InvalidArgument      the request is wrong: bad JSON, wrong type, wrong shape
├── OutOfRange           the request asks for what lies beyond an end
├── FailedPrecondition   the request is right, the model cannot take it now
├── NotFound             no such model, version or signature
├── AlreadyExists        there is one of that name
├── Unauthenticated      who asks did not say who they are, or not truly
├── PermissionDenied     who asks may not
├── ResourceExhausted    too large, or too much at once
├── Unimplemented        a part of the protocol that JSON has no form for
├── Unavailable          not now; the same request may succeed later
├── DeadlineExceeded     it took longer than it may
├── Cancelled            the client did not wait
├── Aborted              something else came in between
├── Internal             the model itself failed
├── DataLoss             what the model is made of is damaged
└── Unknown              none of these

Numbers and names: google/rpc/code.proto. HTTP: ToHTTPStatusCode in model_servers/http_server.cc.
"""

from __future__ import annotations


class ServingError(Exception):
    """An answer other than the one asked for; its text goes to the client unchanged."""

    code = "UNKNOWN"
    number = 2
    http = 500


class Cancelled(ServingError):
    """The client did not wait."""

    code, number, http = "CANCELLED", 1, 499


class Unknown(ServingError):
    """None of the others."""

    code, number, http = "UNKNOWN", 2, 500


class InvalidArgument(ServingError):
    """The request is wrong, and would be wrong tomorrow."""

    code, number, http = "INVALID_ARGUMENT", 3, 400


class DeadlineExceeded(ServingError):
    """It took longer than it may."""

    code, number, http = "DEADLINE_EXCEEDED", 4, 504


class NotFound(ServingError):
    """There is no such model or version."""

    code, number, http = "NOT_FOUND", 5, 404


class AlreadyExists(ServingError):
    """There is one of that name."""

    code, number, http = "ALREADY_EXISTS", 6, 409


class PermissionDenied(ServingError):
    """Who asks may not."""

    code, number, http = "PERMISSION_DENIED", 7, 403


class ResourceExhausted(ServingError):
    """Too large, or too much at once."""

    code, number, http = "RESOURCE_EXHAUSTED", 8, 429


class FailedPrecondition(ServingError):
    """The model cannot take such a request."""

    code, number, http = "FAILED_PRECONDITION", 9, 400


class Aborted(ServingError):
    """Something else came in between."""

    code, number, http = "ABORTED", 10, 409


class OutOfRange(ServingError):
    """The request asks for what lies beyond an end."""

    code, number, http = "OUT_OF_RANGE", 11, 400


class Unimplemented(ServingError):
    """The protocol has no such thing over JSON."""

    code, number, http = "UNIMPLEMENTED", 12, 501


class Internal(ServingError):
    """The model failed on a request that looked right."""

    code, number, http = "INTERNAL", 13, 500


class Unavailable(ServingError):
    """Too busy, or still loading."""

    code, number, http = "UNAVAILABLE", 14, 503


class DataLoss(ServingError):
    """What the model is made of is damaged."""

    code, number, http = "DATA_LOSS", 15, 500


class Unauthenticated(ServingError):
    """Who asks did not say who they are, or not truly."""

    code, number, http = "UNAUTHENTICATED", 16, 401


_BY_NUMBER = {kind.number: kind for kind in ServingError.__subclasses__()}
NUMBERS = {"OK": 0} | {kind.code: kind.number for kind in _BY_NUMBER.values()}


def of(number: int, text: str) -> ServingError:
    """Return the error of this google.rpc code with this text."""
    return _BY_NUMBER.get(number, Unknown)(text)
