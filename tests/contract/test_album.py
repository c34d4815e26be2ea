"""contract.album"""

from __future__ import annotations

import pytest
import redis

from contract.album import Album, Picture, Snapshot
from contract.follower import Followers
from contract.settings import Settings

OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ1"


@pytest.fixture
def album(settings: Settings, connection: redis.Redis) -> Album:
    return Album(connection, Followers(settings, connection), ttl=1800)


def keep(
    album: Album, name: str, received: float, data: bytes = b"\xff\xd8", number: int = 1
) -> None:
    album.keep(OPENID, Snapshot(id=name, received=received, number=number), data)


def ids(album: Album) -> list[str]:
    return [each.id for each in album.look(OPENID)]


def test_pictures_stand_in_the_order_in_which_they_came(album: Album) -> None:
    keep(album, "b", 2.5)
    keep(album, "a", 1.5)
    assert ids(album) == ["a", "b"]
    assert album.get(OPENID, "a") == Picture(data=b"\xff\xd8", scene="")


def test_the_last_three_are_kept(album: Album, connection: redis.Redis) -> None:
    for number, name in enumerate("acbd", 1):
        keep(album, name, ord(name), number=number)
    assert ids(album) == ["b", "c", "d"]
    assert album.get(OPENID, "a") is None
    assert len(list(connection.scan_iter("kantu:pictures:*:*"))) == 3


def test_large_pictures_push_older_ones_out(album: Album) -> None:
    megabyte = bytes(1024 * 1024)
    keep(album, "a", 1, 2 * megabyte)
    keep(album, "b", 2, 2 * megabyte)
    keep(album, "c", 3, megabyte)
    assert ids(album) == ["b", "c"]
    keep(album, "d", 4, 5 * megabyte)
    assert ids(album) == ["d"]


def test_pictures_leave_half_of_redis_to_messages(album: Album, connection: redis.Redis) -> None:
    used, before = connection.info("memory")["used_memory"], connection.config_get("maxmemory")
    try:
        for name, limit in (("a", 100 * used), ("b", 2 * used)):
            connection.config_set("maxmemory", limit)
            keep(album, name, ord(name))
    finally:
        connection.config_set("maxmemory", before["maxmemory"] or 0)
    assert [(each.id, each.is_kept) for each in album.look(OPENID)] == [("a", True), ("b", False)]
    assert album.get(OPENID, "b") is None


def test_picture_is_kept_for_its_time_and_that_it_came_for_longer(
    album: Album, connection: redis.Redis
) -> None:
    keep(album, "a", 1)
    (key,) = connection.scan_iter("kantu:pictures:*:a")
    assert 1790 < connection.ttl(key) <= 1800
    connection.delete(key)  # its time is over
    assert [(each.id, each.is_kept) for each in album.look(OPENID)] == [("a", False)]
    (known,) = connection.scan_iter("kantu:pictures:*")
    assert connection.ttl(known) > 1800


def test_what_was_found_is_kept_with_the_picture_and_goes_with_it(
    album: Album, connection: redis.Redis
) -> None:
    keep(album, "a", 1)
    album.note(OPENID, "a", "[]")
    album.note(OPENID, "gone", "[]")
    found = album.get(OPENID, "a")
    assert found is not None
    assert found.scene == "[]"
    assert list(connection.scan_iter("kantu:pictures:*:gone")) == []


def test_forgetting_leaves_nothing(album: Album, connection: redis.Redis) -> None:
    keep(album, "a", 1)
    keep(album, "b", 2)
    album.forget(OPENID)
    assert list(connection.scan_iter()) == []
