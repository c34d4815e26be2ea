"""HTTP sessions for many threads at once, whose every call comes to an end.

requests by itself waits for ever, reads bodies of any size, and follows wherever it is sent.
"""

from __future__ import annotations

import io
import ssl
import time
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError, SSLError

LARGEST_ANSWER = 1024 * 1024  # bytes: the probabilities of 40,000 classes
_PIECE = 64 * 1024  # bytes
_SPARE = 4  # connections, for whoever calls beside the threads that do jobs


class AnswerTooLarge(requests.RequestException):
    """It has more bytes than we take."""


class AnswerTooSlow(requests.RequestException):
    """It has begun, but does not end."""


class Session(requests.Session):
    """Keeps a connection for each thread; reads answers to their end unless they are streamed."""

    def __init__(self, threads: int, timeout: tuple[float, float], longest: float) -> None:
        super().__init__()
        self._timeout = timeout  # seconds to connect, to wait for each piece of the answer
        self._longest = longest  # seconds for the whole of an answer that is not streamed
        for scheme in ("https://", "http://"):
            self.mount(scheme, HTTPAdapter(pool_maxsize=threads + _SPARE))

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Send it; raise requests.RequestException."""
        streamed = options.get("stream")
        options["timeout"] = options.get("timeout") or self._timeout
        end = time.monotonic() + self._longest
        response = super().send(request, **{**options, "stream": True})
        if not streamed:
            with response:
                response.raw = io.BytesIO(read(response, LARGEST_ANSWER, end))
                response.content  # noqa: B018  # requests keeps it from here on
        return response

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return that there is none: the access token would go along."""


def read(response: requests.Response, most: int, end: float) -> bytes:
    """Return a streamed body of at most so many bytes, until end by time.monotonic().

    Raises requests.RequestException, such as AnswerTooLarge and AnswerTooSlow.
    """
    data = bytearray()
    try:
        # read1 gives what has come; iter_content would wait for a piece that drips in for an hour.
        while piece := response.raw.read1(_PIECE, decode_content=True):
            data += piece
            if len(data) > most:
                raise AnswerTooLarge(f"more than {most} bytes")
            if time.monotonic() > end:
                raise AnswerTooSlow(f"not at its end after {len(data)} bytes")
    except HTTPError as error:
        raise requests.ConnectionError(type(error).__name__) from None
    return bytes(data)


def never_sent(error: requests.RequestException) -> bool:
    """Return whether the request certainly did not reach the server."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = _cause(error)
    if isinstance(cause, SSLError):  # only a handshake can find a certificate wrong
        return any(isinstance(each, ssl.SSLCertVerificationError) for each in cause.args)
    return isinstance(cause, NewConnectionError)


def was_refused(error: requests.RequestException) -> bool:
    """Return whether the server's host said that nobody listens there."""
    cause = _cause(error)
    return isinstance(cause, NewConnectionError) and isinstance(
        cause.__cause__, ConnectionRefusedError
    )


def _cause(error: requests.RequestException) -> Exception | None:
    failed = error.args[0] if error.args else None
    return failed.reason if isinstance(failed, MaxRetryError) else None
