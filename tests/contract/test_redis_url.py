"""contract.redis_url"""

from __future__ import annotations

import pytest

from contract.redis_url import check_redis_url, read_sentinels, without_login

SENTINELS = "redis+sentinel://kantu:s3cret@one:26379,two:26380,[::1]/main/2?sentinel_password=pw"


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379/0", "redis://host", "rediss://user:password@host:6379/1",
        "redis://user:a%23b%2Fc%3Fd@host:6379/0", "unix:///run/redis@home.sock?db=1",
        "unix:///run/redis.sock", SENTINELS, "redis+sentinel://one/mymaster",
    ],
)  # fmt: skip
def test_usual_urls_are_taken_as_they_are(url: str) -> None:
    assert check_redis_url(url) == url


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("host:6379", "is not a URL of Redis"),
        ("http://host:6379", "is not a URL of Redis"),
        ("redis://:s3cret@host:99999/0", "no usable port"),
        ("redis://:s3cret@/0", "has no host"),
        ("redis://host:6379/main", "no database"),
        ("redis://user:#s3cret@host:6379/0", "write %23 for #"),
        ("redis://user:?s3cret@host:6379/0", r"write .*%3F for \?"),
        ("redis://user:12/s3cret@host:6379/0", "write .*%2F for /"),
        ("redis+sentinel://user:#s3cret@one/mymaster", "write %23 for #"),
        ("redis+sentinel://user:/s3cret@one/mymaster", "write .*%2F for /"),
        ("redis://host:6379/0#s3cret", "write %23 for #"),
        ("redis://user:s3cret℀@host:6379/0", "cannot be read"),
        ("unix://user:#s3cret@/run/redis.sock", "write %23 for #"),
        ("redis+sentinel://u:s3cret@one:26379,two:26379", "does not say which master"),
        ("redis+sentinel://one/mymaster/x", "does not say which master"),
        ("redis+sentinel://one,,two/mymaster", "lists a sentinel that is no host:port"),
        ("redis+sentinel://one:port/mymaster", "lists a sentinel that is no host:port"),
        ("redis+sentinel://one/mymaster?quorum=2", "has 'quorum'; expected sentinel_password and"),
    ],
)
def test_wrong_urls_are_explained_without_their_password(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        check_redis_url(url)
    assert "s3cret" not in str(caught.value)


def test_sentinels_and_both_logins_are_read() -> None:
    found = read_sentinels(SENTINELS)
    assert found.hosts == (("one", 26379), ("two", 26380), ("::1", 26379))
    assert (found.service, found.database) == ("main", 2)
    assert (found.username, found.password) == ("kantu", "s3cret")
    assert (found.sentinel_username, found.sentinel_password) == (None, "pw")
    assert "s3cret" not in repr(found)


def test_password_may_hold_signs_that_mean_something_in_a_url() -> None:
    found = read_sentinels("redis+sentinel://kantu:a%40b%3Ac%2Fd@one/mymaster")
    assert found.password == "a@b:c/d"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://kantu:s3cret@host:6379/0", "host:6379"),
        (SENTINELS, "one:26379,two:26380,[::1]/main/2"),
    ],
)
def test_people_are_shown_no_login(url: str, shown: str) -> None:
    assert without_login(url) == shown
