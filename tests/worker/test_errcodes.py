"""worker.errcodes"""

from __future__ import annotations

from datetime import datetime

import pytest

from contract.quota import BEIJING
from worker.errcodes import ERRCODES, Api, Policy, look_up

MENU = {*range(40015, 40028), 40054, 40055, 46003}


@pytest.mark.parametrize(
    ("policy", "errcodes"),
    [
        (Policy.RETRY, {-1}),
        (Policy.REFRESH, {40001, 40014, 42001}),
        (Policy.FALL_BACK, {40007}),
        (Policy.PAUSE, {40013, 40125, 40164, 45009, 45011, 48001, 89503}),
        (Policy.PARK, {45015, 45047}),
        (Policy.DROP, {40003, 40033, 41001, 43004, 43019, 44004, 45001, 45002, 48006} | MENU),
        (Policy.IGNORE, {40200, 45072, 45080, 45081}),
    ],
)
def test_every_errcode_has_its_policy(policy: Policy, errcodes: set[int]) -> None:
    assert {errcode for errcode, known in ERRCODES.items() if known.policy is policy} == errcodes


@pytest.mark.parametrize(
    ("errcode", "seconds"),
    [(40013, 60), (40125, 60), (40164, 60), (45011, 60), (48001, 86400), (89503, 60)],
)
def test_pause_has_its_length(errcode: int, seconds: int) -> None:
    assert look_up(errcode, Api.TOKEN).resume(1000.0) == 1000 + seconds


@pytest.mark.parametrize(
    ("now", "resume"),
    [
        ("2026-11-23 12:00:00", "2026-11-24 00:00:00"),
        ("2026-12-31 23:58:00", "2027-01-01 00:00:00"),
        # Our clock may run ahead of WeChat's: the new day is not given up for that.
        ("2026-11-23 23:59:30", "2026-11-24 00:00:30"),
        ("2026-11-24 00:00:10", "2026-11-24 00:01:10"),
        ("2026-11-24 00:06:00", "2026-11-25 00:00:00"),
    ],
)
def test_day_s_quota_is_renewed_at_midnight_in_beijing(now: str, resume: str) -> None:
    assert look_up(45009, Api.SEND).resume(_seconds(now)) == _seconds(resume)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING).timestamp()


def test_wrong_secret_is_told_from_a_token_that_has_ended() -> None:
    assert look_up(40001, Api.SEND).policy is Policy.REFRESH
    assert look_up(40001, Api.TOKEN).policy is Policy.PAUSE
    assert "AppSecret" in look_up(40001, Api.TOKEN).meaning


def test_errcode_of_tomorrow_is_about_the_message() -> None:
    assert look_up(99999, Api.SEND).policy is Policy.DROP


def test_what_a_person_must_do_is_said_where_the_account_is_refused() -> None:
    pausing = {errcode for errcode, known in ERRCODES.items() if known.policy is Policy.PAUSE}
    silent = {errcode for errcode in pausing if not ERRCODES[errcode].remedy}
    assert silent == {45011}  # that passes by itself
