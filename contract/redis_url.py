"""Where Redis is: redis://, rediss://, unix://, or the sentinels that know.

redis+sentinel://user:password@host:26379,host:26379/mymaster/0, as the package redis-sentinel-url
reads it. User and password are those of Redis itself; what the sentinels ask for, if anything,
follows as ?sentinel_username=…&sentinel_password=….
"""

from __future__ import annotations

import dataclasses
from urllib.parse import parse_qs, unquote, urlsplit

SENTINEL = "redis+sentinel"
_SCHEMES = ("redis", "rediss", "unix", SENTINEL)
_SENTINEL_PORT = 26379
_OPTIONS = {"sentinel_username", "sentinel_password"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sentinels:
    """What a redis+sentinel URL says."""

    hosts: tuple[tuple[str, int], ...]
    service: str  # the name by which the sentinels know the master
    database: int
    username: str | None
    password: str | None = dataclasses.field(repr=False)
    sentinel_username: str | None
    sentinel_password: str | None = dataclasses.field(repr=False)


def check_redis_url(url: str) -> str:
    """Return the URL; raise ValueError, whose text holds no part of it."""
    scheme, mark, _ = url.partition("://")
    if not mark or scheme not in _SCHEMES:
        raise ValueError(
            "is not a URL of Redis; expected redis://host:6379/0, rediss://…, unix://… or "
            "redis+sentinel://host:26379,host:26379/mymaster/0"
        )
    _check_signs(url)
    if scheme == SENTINEL:
        read_sentinels(url)
    elif scheme != "unix":
        _check_place(url)
    return url


def _check_signs(url: str) -> None:
    # A URL's login ends at the first of / ? #, and what stands before it would pass for the host.
    try:
        parts = urlsplit(url)
    except ValueError:  # whose text may hold the password
        raise ValueError("cannot be read; expected redis://host:6379/0") from None
    behind = "" if parts.scheme == "unix" else parts.path + parts.query
    if "#" in url or "@" in behind:
        raise ValueError(
            "has a sign that ends a URL's login; "
            "in a password write %23 for #, %2F for / and %3F for ?"
        )


def _check_place(url: str) -> None:
    place = urlsplit(url)
    try:
        found = place.hostname is not None and place.port != 0
    except ValueError:
        found = False
    if not found:
        raise ValueError("has no host or no usable port; expected redis://host:6379/0")
    if not (place.path.strip("/") or "0").isdecimal():
        raise ValueError("ends with something that is no database; expected a number, as in …/0")


def read_sentinels(url: str) -> Sentinels:
    """Return what a redis+sentinel URL says; raise ValueError, whose text holds no part of it."""
    parts = urlsplit(url)
    login, _, places = parts.netloc.rpartition("@")
    username, _, password = login.partition(":")
    service, _, database = parts.path.strip("/").partition("/")
    if not service or not (database or "0").isdecimal():
        raise ValueError(
            "does not say which master; expected redis+sentinel://host:26379,…/mymaster/0"
        )
    options = parse_qs(parts.query)
    if unknown := options.keys() - _OPTIONS:
        raise ValueError(f"has {min(unknown)!r}; expected {' and '.join(sorted(_OPTIONS))} at most")
    return Sentinels(
        hosts=tuple(_place(place) for place in places.split(",")),
        service=unquote(service),
        database=int(database or 0),
        username=unquote(username) or None,
        password=unquote(password) or None,
        sentinel_username=options.get("sentinel_username", [None])[0],
        sentinel_password=options.get("sentinel_password", [None])[0],
    )


def _place(text: str) -> tuple[str, int]:
    try:
        place = urlsplit(f"//{text.strip()}")
        if place.hostname and "@" not in text:
            return place.hostname, place.port or _SENTINEL_PORT
    except ValueError:
        pass
    raise ValueError("lists a sentinel that is no host:port; expected host:26379,host:26379")


def without_login(url: str) -> str:
    """Return where Redis is, for people to read: no user, no password, no options."""
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2] + (parts.path if parts.scheme == SENTINEL else "")
