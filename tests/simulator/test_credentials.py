"""simulator.credentials"""

from __future__ import annotations

import pytest

from simulator.clock import Clock
from simulator.credentials import Credentials
from simulator.errors import ApiError

APP, SECRET = "wx0123456789abcdef", "secret"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def credentials(clock: Clock) -> Credentials:
    return Credentials(APP, SECRET, clock)


def refused(credentials: Credentials, token: str | None) -> int:
    with pytest.raises(ApiError) as caught:
        credentials.check(token)
    return caught.value.errcode


def test_stable_token_stays_the_same(credentials: Credentials, clock: Clock) -> None:
    first, life = credentials.stable(APP, SECRET, force=False)
    clock.advance(6000)
    second, rest = credentials.stable(APP, SECRET, force=False)
    assert (first, life) == (second, 7200)
    assert 1190 < rest <= 1200


def test_stable_token_is_renewed_in_its_last_five_minutes_and_the_old_stays_good(
    credentials: Credentials, clock: Clock
) -> None:
    first, _ = credentials.stable(APP, SECRET, force=False)
    clock.advance(7200 - 299)
    second, _ = credentials.stable(APP, SECRET, force=False)
    assert first != second
    credentials.check(first)
    clock.advance(300)
    assert refused(credentials, first) == 42001
    credentials.check(second)


def test_forced_refresh_kills_the_token_before(credentials: Credentials) -> None:
    first, _ = credentials.stable(APP, SECRET, force=False)
    second, _ = credentials.stable(APP, SECRET, force=True)
    assert first != second
    assert refused(credentials, first) == 40001


def test_forced_refresh_does_nothing_within_thirty_seconds(
    credentials: Credentials, clock: Clock
) -> None:
    first, _ = credentials.stable(APP, SECRET, force=True)
    assert credentials.stable(APP, SECRET, force=True)[0] == first
    clock.advance(31)
    assert credentials.stable(APP, SECRET, force=True)[0] != first


def test_plain_token_is_new_each_time_and_the_old_dies_soon(
    credentials: Credentials, clock: Clock
) -> None:
    first, _ = credentials.plain(APP, SECRET)
    second, _ = credentials.plain(APP, SECRET)
    assert first != second
    credentials.check(first)
    clock.advance(301)
    assert refused(credentials, first) == 42001


def test_plain_token_can_be_fetched_after_all_were_revoked(credentials: Credentials) -> None:
    first, _ = credentials.plain(APP, SECRET)
    credentials.revoke()
    second, _ = credentials.plain(APP, SECRET)
    assert refused(credentials, first) == 40001
    credentials.check(second)


def test_the_two_kinds_do_not_touch_each_other(credentials: Credentials, clock: Clock) -> None:
    stable, _ = credentials.stable(APP, SECRET, force=False)
    credentials.plain(APP, SECRET)
    credentials.plain(APP, SECRET)
    clock.advance(301)
    credentials.check(stable)


@pytest.mark.parametrize(
    ("app", "secret", "errcode"), [("wxother", SECRET, 40013), (APP, "wrong", 40125)]
)
def test_wrong_account_is_refused(
    credentials: Credentials, app: str, secret: str, errcode: int
) -> None:
    with pytest.raises(ApiError) as caught:
        credentials.stable(app, secret, force=False)
    assert caught.value.errcode == errcode


@pytest.mark.parametrize(("token", "errcode"), [(None, 41001), ("", 41001), ("made up", 40001)])
def test_wrong_token_is_refused(credentials: Credentials, token: str | None, errcode: int) -> None:
    assert refused(credentials, token) == errcode
