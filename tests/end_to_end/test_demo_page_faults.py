"""The demo's page in a real browser, on the real demo: what is broken, and what comes of it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from labels import phrase
from tests.conftest import until
from tests.end_to_end.conftest import Open, wait_for_answers


def ledger(page: Page) -> dict[str, str]:
    """Return the account of all messages, as it is shown at one moment."""
    tiles = page.locator("#ledger > div").evaluate_all(
        "tiles => tiles.map(tile => [...tile.children].map(each => each.textContent))"
    )
    return dict(tiles)


def break_it(page: Page, fault: str) -> None:
    page.click(f'[data-fault="{fault}"]')


def mend(page: Page, fault: str) -> None:
    button = page.locator(f'[data-fault="{fault}"]')
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false", timeout=30_000)


def nothing_is_lost(page: Page) -> bool:
    counted = ledger(page)
    return counted["丢失"] == counted["重复"] == "0" and "处理中" not in counted


def test_three_deliveries_have_one_answer(visit: Open) -> None:
    page = visit()
    wait_for_answers(page, 1)
    break_it(page, "thrice")
    wait_for_answers(page, 2)
    expect(page.locator(".row.delivery")).to_have_count(3)
    until(lambda: nothing_is_lost(page))
    assert len(wait_for_answers(page, 2)) == 2


def test_killed_worker_loses_nothing(visit: Open) -> None:
    page = visit()
    wait_for_answers(page, 1)
    break_it(page, "worker")
    said = wait_for_answers(page, 7)[1:]
    # What is answered before the next one has come bears no number.
    numbers = [int(found) for text in said for found in re.findall(r"^第 (\d) 张", text)]
    assert numbers == sorted(set(numbers))
    assert "kill -9" in page.locator(".deed").inner_text()
    until(lambda: nothing_is_lost(page))


def test_lost_model_server_is_apologised_for_and_comes_back(visit: Open) -> None:
    page = visit()
    wait_for_answers(page, 1)
    break_it(page, "serving")
    expect(page.locator("#banner")).to_contain_text("模型服务停了")
    assert wait_for_answers(page, 2)[1] == phrase("zh", "apology")
    mend(page, "serving")
    expect(page.locator("#programs .up")).to_have_count(5, timeout=60_000)
    page.click('[data-sample="1-digit-3.jpg"]')
    assert "数字 3" in wait_for_answers(page, 3)[2]


def test_lost_redis_is_told_and_comes_back(visit: Open) -> None:
    page = visit()
    wait_for_answers(page, 1)
    break_it(page, "redis")
    expect(page.locator("#banner")).to_contain_text("Redis 停了")
    assert wait_for_answers(page, 2)[1] == phrase("zh", "busy")
    mend(page, "redis")
    expect(page.locator("#programs .up")).to_have_count(5, timeout=60_000)
    page.click('[data-sample="1-digit-3.jpg"]')
    assert "数字 3" in wait_for_answers(page, 3)[2]
    until(lambda: nothing_is_lost(page))


def test_slow_wechat_slows_no_webhook(visit: Open) -> None:
    page = visit()
    wait_for_answers(page, 1)
    break_it(page, "slow")
    wait_for_answers(page, 2)
    mend(page, "slow")
    expect(page.locator(".row.fetch .took")).to_contain_text(" s")
    expect(page.locator(".row.delivery .took")).to_contain_text("ms")


def test_expired_token_is_replaced(visit: Open) -> None:
    page = visit()
    wait_for_answers(page, 1)
    break_it(page, "token")
    wait_for_answers(page, 2)
    calls = page.locator(".row.api .label")
    expect(calls).to_have_text(["media/get", "stable_token", "media/get", "custom/send"])


def test_answer_beyond_the_quota_comes_with_the_next_reply(visit: Open, address: str) -> None:
    page = visit()
    wait_for_answers(page, 1)
    break_it(page, "quota")
    expect(page.locator(".end.parked")).to_be_visible()
    page.fill(".content", "你好")
    page.keyboard.press("Enter")
    said = wait_for_answers(page, 2)[1]
    assert "数字 3" in said
    assert said.endswith(phrase("zh", "invitation"))
    mend(page, "quota")
    until(lambda: nothing_is_lost(page))
    # The operator who lifts the pause is a program, which takes a second; others share this demo.
    until(lambda: not page.request.get(f"{address}/demo/state").json()["operating"])


def test_account_and_mode_change_while_it_runs(visit: Open) -> None:
    page = visit()
    wait_for_answers(page, 1)
    page.select_option('[name="mode"]', "plain")
    page.click('[data-sample="1-digit-3.jpg"]')
    wait_for_answers(page, 2)
    page.locator(".row.delivery summary").last.click()
    assert "<MsgType>" in page.locator(".row.delivery pre").nth(-2).inner_text()
    page.select_option('[name="mode"]', "safe")
    page.fill(".content", "你好")
    page.keyboard.press("Enter")
    wait_for_answers(page, 3)
