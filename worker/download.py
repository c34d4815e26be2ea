"""Fetches a picture by an address that a stranger may have written: the PicUrl of a push.

Only hosts on a list, only the web's own ports, only public addresses; and the connection goes to
the very address that was looked at, for a name may lead elsewhere a moment later. There is no
proxy, no redirect and no cookie, and an end in bytes and seconds.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Callable, Sequence

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from worker.errors import AddressRefused, PictureTooLarge

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# Stricter than RFC 3986, so that there is one way to read it: no user, no brackets, no fragment.
_ADDRESS = re.compile(
    rf"(?P<scheme>https?)://(?P<host>(?:{_LABEL}\.)+[a-z]{{2,63}})(?::(?P<port>\d{{1,5}}))?"
    r"(?P<path>/[!\"$-\[\]-~]*)?",
    re.IGNORECASE | re.ASCII,
)
_PORTS = {"http": 80, "https": 443}
_CONNECT = 3.0  # seconds for each address, and for the handshake
_TRIED = 3  # addresses of a host
_LONGEST = 10.0  # seconds from the request to the last byte
_PIECE = 64 * 1024  # bytes
# What Python 3.11 takes for public: protocols (RFC 6890), 6to4 relays, and Azure's host agent.
_INSIDE = [
    ipaddress.ip_network(each) for each in ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")
]
# What IPv6 gives to hosts (RFC 4291); the rest is local, or stands for an IPv4 address of any kind.
_UNICAST = ipaddress.ip_network("2000::/3")

Connect = Callable[[str, int], socket.socket]  # host, port -> a connection; raises OSError


class PublicWeb:
    """The part of the web where WeChat keeps followers' pictures."""

    def __init__(self, hosts: Sequence[str], most: int, connect: Connect | None = None) -> None:
        self._hosts = hosts  # qpic.cn stands for mmbiz.qpic.cn, too
        self._most = most  # bytes
        self._connect = connect or connect_publicly  # another one is for tests

    def fetch(self, url: str) -> bytes:
        """Return what is there; raise AddressRefused or PictureTooLarge, which name only hosts."""
        scheme, host, port, path = self._parse(url)
        try:
            with self._connect(host, port) as plain:
                if scheme == "http":
                    return self._read(plain, host, path)
                tls = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
                with tls.wrap_socket(plain, server_hostname=host) as secured:
                    return self._read(secured, host, path)
        except (OSError, http.client.HTTPException) as error:
            raise AddressRefused(f"no picture from {host}: {type(error).__name__}") from None

    def _parse(self, url: str) -> tuple[str, str, int, str]:
        found = _ADDRESS.fullmatch(url)
        if found is None:
            raise AddressRefused("the PicUrl is not of the form http(s)://host/path")
        scheme, host = found["scheme"].lower(), found["host"].lower()
        if not any(host == each or host.endswith(f".{each}") for each in self._hosts):
            raise AddressRefused(
                f"{host} is not one of PICTURE_HOSTS, {', '.join(self._hosts)}, nor under one"
            )
        port = int(found["port"] or _PORTS[scheme])
        if port != _PORTS[scheme]:
            raise AddressRefused(f"port {port} of {host}; expected {_PORTS[scheme]} for {scheme}")
        return scheme, host, port, found["path"] or "/"

    def _read(self, connection: socket.socket, host: str, path: str) -> bytes:
        line = http.client.HTTPConnection(host)
        line.sock = _Line(connection, time.monotonic() + _LONGEST)
        line.request("GET", path, headers={"Host": host, "Connection": "close"})
        with line.getresponse() as response:
            if response.status != http.client.OK:
                raise AddressRefused(f"{host} answered HTTP {response.status}; expected 200")
            data = bytearray()
            while piece := response.read1(_PIECE):
                data += piece
                if len(data) > self._most:
                    raise PictureTooLarge(f"more than {self._most} bytes")
            if response.length:  # of what was announced, so much is missing
                raise AddressRefused(f"{host} broke off after {len(data)} bytes")
            return bytes(data)


class _Line:
    """A socket as http.client uses it, with a deadline for all that comes through it."""

    def __init__(self, connection: socket.socket, end: float) -> None:
        self._connection = connection
        self._end = end  # by time.monotonic()
        self.sendall = connection.sendall

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Stream(self._connection, self._end))

    def close(self) -> None:
        """Do nothing: whoever has opened the socket closes it."""


class _Stream(io.RawIOBase):
    def __init__(self, connection: socket.socket, end: float) -> None:
        self._connection = connection
        self._end = end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # any
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


def connect_publicly(host: str, port: int) -> socket.socket:
    """Return a connection to a host whose addresses are all public; raise OSError.

    Raises AddressRefused where one is not.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for *_, address in found:
        if not is_public(str(address[0])):
            raise AddressRefused(f"{host} leads to {address[0]}, which is not a public address")
    failure = OSError("no address")
    for family, kind, protocol, _, address in found[:_TRIED]:
        connection = socket.socket(family, kind, protocol)
        connection.settimeout(_CONNECT)
        try:
            connection.connect(address)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure


def is_public(text: str) -> bool:
    """Return whether an address is one of the internet's own, and stands for itself."""
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address) and (
        address not in _UNICAST or address.sixtofour or address.teredo
    ):
        return False
    inside = address.is_multicast or any(address in each for each in _INSIDE)
    return address.is_global and not inside
