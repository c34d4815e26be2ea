"""What is left of the day, by WeChat's count and by ours."""

from __future__ import annotations

import redis

from contract.follower import Followers
from contract.quota import Quota, pushed_today
from contract.settings import Settings
from tests.conftest import WeChatServer, make_settings
from worker.doctor import fresh_start, quota
from worker.doctor.account import sign_in
from worker.doctor.finding import Mark
from worker.doctor.wechat_api import WeChatApi
from worker.doctor.wording import put

OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ1"
NOON = 1_795_406_400.0  # 2026-11-23, 12:00 in Beijing


def ask(server: WeChatServer) -> list[tuple[Mark, str, str]]:
    settings = make_settings(wechat_api_url=server.url)
    wechat = WeChatApi(settings)
    token, _ = sign_in(wechat, settings)
    found = quota.check(wechat, token)
    return [(each.mark, each.case, put(each, "en").found) for each in found]


def test_what_wechat_has_counted_is_told(wechat_server: WeChatServer) -> None:
    wechat_server.account.count("media/get")
    assert ask(wechat_server) == [
        (Mark.WELL, "well", "WeChat has counted 0 of 500,000"),
        (Mark.WELL, "well", "WeChat has counted 1 of 200,000"),
    ]


def test_end_of_a_quota_is_seen_before_and_after(wechat_server: WeChatServer) -> None:
    account = wechat_server.account
    account._used["message/custom/send", account._today()] = 450_000
    account._used["media/get", account._today()] = 200_000
    sends, pictures = ask(wechat_server)
    assert (sends[0], sends[1], pictures[0], pictures[1]) == (
        Mark.NOTE,
        "nearly",
        Mark.WRONG,
        "used_up",
    )


def test_wechat_that_does_not_say_is_no_fault(
    wechat_server: WeChatServer, settings: Settings
) -> None:
    wechat = WeChatApi(make_settings(wechat_api_url=wechat_server.url))
    cases = [(each.mark, each.case) for each in quota.check(wechat, "no-token")]
    assert cases == [(Mark.NOTE, "silent")] * 2


def test_pushes_are_counted_by_days_of_beijing(connection: redis.Redis, settings: Settings) -> None:
    now = [NOON]
    pushes = Quota(connection, Followers(settings, connection), lambda: now[0])
    for _ in range(3):
        pushes.spend(OPENID)
    now[0] = NOON + 13 * 3600
    pushes.spend(OPENID)
    assert (pushed_today(connection, NOON), pushed_today(connection, now[0])) == (3, 1)
    pushes.exhaust(OPENID)
    assert not pushes.spend(OPENID)
    assert pushed_today(connection, now[0]) == 1
    assert 0 < connection.ttl("kantu:pushes:20261123") <= 3 * 24 * 3600
    assert quota.pushes(connection).values["count"] == 0


def test_count_of_today_is_told(connection: redis.Redis, settings: Settings) -> None:
    Quota(connection, Followers(settings, connection)).spend(OPENID)
    found = quota.pushes(connection)
    assert put(found, "zh").found == "自己数的有 1 条，从北京时间零点起"


def test_count_is_begun_anew_ten_times_a_month(wechat_server: WeChatServer) -> None:
    settings = make_settings(wechat_api_url=wechat_server.url)
    for _ in range(10):
        wechat_server.account.count("media/get")
        (found,) = fresh_start.clear_quota(settings)
        assert (found.mark, found.case) == (Mark.WELL, "well")
        assert wechat_server.account.quota("media/get")[1] == 0
    (found,) = fresh_start.clear_quota(settings)
    assert (found.mark, found.values["errcode"]) == (Mark.WRONG, 48006)
    assert put(found, "zh").todo == "等到北京时间零点，或在公众平台申请提高额度"


def test_nothing_is_begun_anew_for_whom_wechat_does_not_know(wechat_server: WeChatServer) -> None:
    stranger = make_settings(wechat_api_url=wechat_server.url, wechat_app_secret="wrong")
    (found,) = fresh_start.clear_quota(stranger)
    assert (found.check, found.values["errcode"]) == ("token", 40125)
    assert wechat_server.account._resets == 0
