"""The way from outside: what WeChat calls, and the certificate that it is shown there.

Asked without the webhook: a certificate that nobody believes hides all that is behind it.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from worker.doctor.finding import Finding, note, well, wrong

_DAY = 24 * 3600  # seconds
_SOON, _VERY_SOON = 21, 7  # days; certificates of ninety days are renewed thirty before their end
_PATIENCE = 5.0  # seconds
_WECHAT_S = {80, 443}
# OpenSSL's own numbers, X509_V_ERR_…; every other one is about the chain.
_CASES = {9: "not_yet", 10: "expired", 62: "hostname", 64: "hostname"}


def check(url: str) -> Iterator[Finding]:
    """Give what is found."""
    place = urlsplit(url)
    host = place.hostname or ""
    if _is_inside(host):
        yield note("public", "inside", host=host)
    else:
        port = place.port or (443 if place.scheme == "https" else 80)
        if port not in _WECHAT_S:
            yield wrong("public", "port", port=port)
        if place.scheme == "http":
            yield note("public", "plain")
    if place.scheme == "https":
        yield _certificate(place, host)


def _is_inside(host: str) -> bool:
    """Return whether a host is one that nobody outside can mean."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host  # localhost, or the name of a container


def _certificate(place: SplitResult, host: str) -> Finding:
    port = place.port or 443
    try:
        ends, protocol = _shake_hands(host, port)
    except ssl.SSLCertVerificationError as error:
        case = _CASES.get(error.verify_code, "chain")
        return wrong("certificate", case, host=host, why=error.verify_message)
    except OSError as error:
        name = type(error).__name__
        return wrong("certificate", "broken", host=host, port=port, error=name)
    days = int((ends - time.time()) // _DAY)
    if days < _VERY_SOON:
        return wrong("certificate", "very_soon", host=host, days=days)
    if days < _SOON:
        return note("certificate", "soon", host=host, days=days)
    return well("certificate", host=host, days=days, protocol=protocol)


def _shake_hands(host: str, port: int) -> tuple[float, str]:
    """Return when the certificate ends, in seconds since 1970, and TLS' version; raise OSError."""
    context = ssl.create_default_context()
    with (
        socket.create_connection((host, port), _PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname=host) as sealed,
    ):
        shown = sealed.getpeercert() or {}
        return ssl.cert_time_to_seconds(str(shown["notAfter"])), str(sealed.version())
