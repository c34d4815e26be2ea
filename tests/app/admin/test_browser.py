"""The admin pages in a real browser: what people see and do, on a phone and on a wide screen."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Literal

import pytest
import redis
import werkzeug.serving
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from app import create_app
from contract import health, tally
from contract.health import QueueState
from contract.job import picture_queue
from contract.settings import Settings
from tests.app.admin.conftest import PASSWORD, MakeJob, make_health, make_model

Scheme = Literal["light", "dark"]
STEPS = {"queue": 0.004, "fetch": 0.1, "prepare": 0.01, "model": 0.03, "turn": 0.001, "send": 0.2}


@pytest.fixture
def url(settings: Settings, connection: redis.Redis) -> Iterator[str]:
    """The webhook with its admin pages, over HTTP."""
    server = werkzeug.serving.make_server("127.0.0.1", 0, create_app(settings), threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.port}/admin/"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def busy_house(connection: redis.Redis, make_job: MakeJob) -> None:
    """An hour's messages, a few of them failed."""
    now = time.time()
    for number in range(12):
        at = now - 120 * number
        times = {"received": at, "started": at + 0.01, "fetched": at + 0.1, "sent": at + 0.4}
        job = make_job(number, outcome="sent", model="demo", **times)
        tally.count_message(connection, job.id, "sent", STEPS, at)
    make_job(50, failed="ModelSilent: no answer from http://serving:8501")
    make_job(51, failed="ModelSilent: no answer", outcome="apologised", sent=now)
    tally.count_error(connection, "ModelSilent", now)
    tally.note_queue(connection, 3, 1.5, now)
    connection.hset("kantu:feedback:demo", mapping={"the digit 3:right": 7, "scene:wrong": 2})
    health.keep(connection, make_health())


@pytest.fixture(autouse=True)
def no_window_stays_open(browser: Browser, url: str) -> Iterator[None]:
    """A page that is there goes on asking for news, all through the tests that follow."""
    yield
    for context in browser.contexts:
        context.close()


Said = list[str]  # what a page complains of


@pytest.fixture
def said() -> Iterator[Said]:
    """Nothing, when the test is over."""
    found = Said()
    yield found
    assert found == []


def open_page(browser: Browser, said: Said, width: int = 1440, scheme: Scheme = "light") -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        locale="en-GB",
    )
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.on("console", lambda message: said.extend(_complaint(message)))
    page.on("pageerror", lambda error: said.append(str(error)))
    return page


def _complaint(message: ConsoleMessage) -> list[str]:
    return (
        [f"{message.text} {message.location['url']}"]
        if message.type in {"error", "warning"}
        else []
    )


def log_in(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(url)


def serious(page: Page) -> list[str]:
    """Return what axe-core finds that keeps somebody from using the page."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {node['html'][:120]}"
        for each in found
        if each["impact"] in {"serious", "critical"}
        for node in each["nodes"]
    ]


def test_wrong_password_is_said_and_the_right_one_lets_in(browser: Browser, url: str) -> None:
    page = open_page(browser, Said())  # a refused form is an error to the console
    page.goto(url)
    page.get_by_label("Password").fill("not-the-password")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("That is not the password.")
    log_in(page, url)
    expect(page.get_by_role("heading", level=1)).to_contain_text("All is well")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_focused()


def test_trace_is_found_from_the_overview_and_by_its_id(
    browser: Browser, url: str, said: Said
) -> None:
    page = open_page(browser, said)
    log_in(page, url)
    page.get_by_role("region", name="Last messages").get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Message ")
    job_id = page.url.rpartition("/")[2]
    expect(page.locator("table.way svg")).to_have_count(3)
    page.goto(url)
    page.get_by_label("Find a message").fill(job_id)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/message/{job_id}")
    page.locator(".facts a.id").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Messages of follower")


def test_requeue_is_confirmed(
    browser: Browser, url: str, said: Said, connection: redis.Redis
) -> None:
    page = open_page(browser, said)
    log_in(page, url)
    page.get_by_role("link", name="Failed jobs").click()
    queue = picture_queue(connection)
    waiting = queue.count
    page.locator(".failures summary").last.click()
    expect(page.get_by_role("button", name="Yes, requeue it")).to_be_visible()
    assert queue.count == waiting
    page.get_by_role("button", name="Yes, requeue it").click()
    expect(page.get_by_role("status").first).to_have_text("Queued again: 1.")
    assert queue.count == waiting + 1


def test_page_keeps_up_by_itself_and_comes_back_after_an_outage(
    browser: Browser, url: str, connection: redis.Redis
) -> None:
    page = open_page(browser, Said())  # the outage is an error to the console
    page.clock.install()
    log_in(page, url)
    queue = QueueState(waiting=77, oldest=3, running=1, failed=0, held=0)
    ill = make_health(models=(make_model(breaker_open=True, ailing=time.time()),), queue=queue)
    health.keep(connection, ill)
    page.clock.run_for(6000)
    expect(page.locator(".verdict.bad")).to_contain_text("The model demo does not answer")
    expect(page.locator(".tiles")).to_contain_text("77")
    page.route("**/admin/now", lambda route: route.abort())
    page.clock.run_for(6000)
    expect(page.locator("#lost")).to_be_visible()
    page.unroute("**/admin/now")
    health.keep(connection, make_health())
    page.clock.run_for(6000)
    expect(page.locator(".verdict.well")).to_contain_text("All is well")
    expect(page.locator("#lost")).to_be_hidden()


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_everybody_can_use_it(
    browser: Browser, url: str, said: Said, width: int, scheme: Scheme
) -> None:
    page = open_page(browser, said, width, scheme)
    page.goto(url)
    assert serious(page) == []
    log_in(page, url)
    message = page.locator("tbody a").first.get_attribute("href")
    assert message is not None
    for path in ("", "failed", message.removeprefix("/admin/")):
        page.goto(url + path)
        assert serious(page) == [], path
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, path


def test_rq_s_dashboard_works_within_our_policy(browser: Browser, url: str, said: Said) -> None:
    page = open_page(browser, said)
    log_in(page, url)
    page.get_by_role("link", name="RQ dashboard").click()
    expect(page.locator("tr[data-role=queue]")).to_contain_text("pictures")
    page.goto(f"{url}rq/0/view/jobs/pictures/failed/8/asc/1")
    expect(page.locator("tr[data-role=job]").first).to_contain_text("ModelSilent")
