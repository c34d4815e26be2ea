"""What a WSGI server knows of a request, as TensorFlow Serving's HTTP server would have it.

The path as it was sent, for %2F in a model's name is no slash; the body inflated, within limits.
"""

from __future__ import annotations

import contextlib
import re
import ssl
import zlib
from typing import TYPE_CHECKING
from urllib.parse import quote

from serving.errors import DeadlineExceeded, InvalidArgument, ResourceExhausted

if TYPE_CHECKING:
    from _typeshed.wsgi import InputStream, WSGIEnvironment

_STEP = 2**20  # bytes read at once
_PATIENCE = 8  # times the limit that is still read, so that the client hears what is wrong
_SILENCE = (BlockingIOError, ssl.SSLWantReadError)  # nothing came, for as long as a socket waits
_GZIP = 16 + zlib.MAX_WBITS
_ORIGIN = re.compile("https?://[^/?]*", re.IGNORECASE)


class BodyTooLarge(ResourceExhausted):
    """More bytes than this server takes; TensorFlow Serving has no such limit."""

    http = 413


def target_of(environ: WSGIEnvironment) -> str:
    """Return the path and the query as they were sent, still percent-encoded.

    Of an absolute URL, as one sends to a proxy, what follows the host: evhttp_request.cc.
    """
    sent: str | None = environ.get("RAW_URI")  # gunicorn's
    if sent is None:
        sent = quote(environ["PATH_INFO"].encode("latin-1"), safe="/:@!$&'()*+,;=~")
        sent += f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
    return _ORIGIN.sub("", sent, count=1)


def path_of(environ: WSGIEnvironment) -> str:
    """Return the path as it was sent, still percent-encoded, without the query."""
    return target_of(environ).partition("?")[0]


def body_of(environ: WSGIEnvironment, limit: int) -> bytes:
    """Return the body, inflated; raise BodyTooLarge above limit bytes, or InvalidArgument."""
    stream: InputStream = environ["wsgi.input"]
    sent = environ.get("CONTENT_LENGTH") or ""
    length = int(sent) if sent.isdecimal() else None  # None: it comes in chunks, up to an end
    wanted = limit + 1 if length is None else length if length <= limit else 0
    try:
        body = stream.read(wanted) if wanted else b""
    except _SILENCE:
        raise DeadlineExceeded("Request body did not come in time") from None
    if len(body) > limit or (length or 0) > limit:
        _read_away(stream, length, limit)
        size = "" if length is None else f" of {length:,} bytes"
        raise BodyTooLarge(f"Request body{size} is too large; this server takes {limit:,} bytes")
    if "gzip" in environ.get("HTTP_CONTENT_ENCODING", "").lower():
        return _inflate(body, limit)
    return body


def _read_away(stream: InputStream, length: int | None, limit: int) -> None:
    """Read what is left of a body, within reason: who is still sending hears no answer."""
    left = min(length or _PATIENCE * limit, _PATIENCE * limit)
    with contextlib.suppress(*_SILENCE):
        while left > 0 and (step := len(stream.read(min(left, _STEP)))):
            left -= step


def _inflate(body: bytes, limit: int) -> bytes:
    """Return what the gzip file holds; it is never larger than limit bytes in memory."""
    inflater = zlib.decompressobj(_GZIP)
    try:
        inflated = inflater.decompress(body, limit + 1)
    except zlib.error as error:
        raise InvalidArgument(f"Request body is not gzip, as it says it is: {error}") from None
    if len(inflated) > limit:
        raise BodyTooLarge(f"Request body inflates to more than {limit:,} bytes")
    if not inflater.eof:
        raise InvalidArgument("Request body is the beginning of a gzip file only")
    return inflated
