"""Who else gets into Redis: a stranger without a password is tried, from here."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any, cast
from urllib.parse import urlsplit

import redis

from contract.connection import connect_to
from contract.redis_url import SENTINEL
from worker.doctor.finding import Finding, note, well, wrong

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_EVERYWHERE = {"*", "0.0.0.0", "::"}  # noqa: S104  # what is looked for, not listened on


def exposure(url: str, connection: redis.Redis) -> Finding:
    """Return who gets in; of sentinels, into their master. Raises redis.RedisError."""
    url = _master(connection) if url.startswith(f"{SENTINEL}://") else url
    host, scheme = _host_of(url), urlsplit(url).scheme
    addresses = _addresses(host)
    if _lets_strangers_in(url):
        return _open(host, addresses, connection)
    if any(each.is_global for each in addresses) and scheme == "redis":
        return wrong("redis_exposure", "unencrypted", host=host)
    return well("redis_exposure")


def _open(host: str, addresses: list[_Address], connection: redis.Redis) -> Finding:
    if any(each.is_global for each in addresses):
        return wrong("redis_exposure", "open_public", host=host)
    # A cloud's server has an inner address only; its public one leads there all the same.
    if bind := _listens_everywhere(connection):
        return wrong("redis_exposure", "open_listening", bind=bind)
    if addresses and not all(each.is_loopback for each in addresses):
        return note("redis_exposure", "open_private", host=host)
    return well("redis_exposure", "local")


def _master(connection: redis.Redis) -> str:
    pool: Any = connection.connection_pool
    host, port = pool.get_master_address()
    return f"redis://{f'[{host}]' if ':' in host else host}:{port}/0"


def _host_of(url: str) -> str:
    return urlsplit(url).hostname or ""


def _addresses(host: str) -> list[_Address]:
    """Return what a name means; nothing for a socket's file."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM) if host else []
    except OSError:
        return []
    return [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]


def _lets_strangers_in(url: str) -> bool:
    """Return whether somebody who gives no password is answered."""
    parts = urlsplit(url)
    stranger = connect_to(parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl())
    try:
        return bool(stranger.ping())
    except redis.RedisError:
        return False
    finally:
        stranger.close()


def _listens_everywhere(connection: redis.Redis) -> str:
    """Return the address where it listens, if that is every one and it lets everybody in."""
    try:
        bind = cast("dict[str, str]", connection.config_get("bind")).get("bind", "")
        guarded = cast("dict[str, str]", connection.config_get("protected-mode"))
    except redis.RedisError:  # managed ones do not say
        return ""
    places = {each.lstrip("-") for each in bind.split()}
    everywhere = not places or bool(places & _EVERYWHERE)
    return "0.0.0.0" if everywhere and guarded.get("protected-mode") == "no" else ""  # noqa: S104
