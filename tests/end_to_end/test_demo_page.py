"""The demo's page in a real browser, on the real demo: what a newcomer sees and does."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from labels import book, phrase
from simulator.sample import SAMPLES
from tests.end_to_end.conftest import Open, wait_for_answers

# A newcomer's first minute.


def test_newcomer_is_greeted_sends_a_picture_and_sees_what_happened(visit: Open) -> None:
    page = visit()
    assert wait_for_answers(page, 1) == [phrase("zh", "subscribed")]
    page.click('[data-sample="1-digit-3.jpg"]')
    assert "数字 3" in wait_for_answers(page, 2)[1]
    rows = page.locator(".row .label")
    expect(rows.last).to_have_text("custom/send")
    assert {"微信投递", "排队", "取图片", "模型识别", "发出答复"} <= set(rows.all_inner_texts())
    page.click(".row.delivery summary")
    request = page.locator(".row.delivery pre").first.inner_text()
    assert request.startswith("POST /wechat?signature=")
    assert "<Encrypt>" in request
    expect(page.locator(".end.sent")).to_be_visible()


def test_bars_are_drawn_to_scale(visit: Open) -> None:
    page = visit()
    wait_for_answers(page, 1)
    page.click('[data-sample="2-digit-8.jpg"]')
    wait_for_answers(page, 2)
    expect(page.locator(".end.sent")).to_be_visible()
    widths = page.locator(".row .track i").evaluate_all(
        "bars => bars.map(bar => parseFloat(bar.style.left) + parseFloat(bar.style.width))"
    )
    assert 40 < max(widths) <= 100


def test_question_in_chinese(visit: Open) -> None:
    page = visit("?scene=shapes")
    described, answered = wait_for_answers(page, 3)[1:]
    assert "图形" in described
    assert answered.startswith("绿色")
    page.locator(".chip").first.click()
    wait_for_answers(page, 4)


def test_question_in_english(visit: Open) -> None:
    page = visit("?lang=en&scene=shapes")
    hello, described, answered = wait_for_answers(page, 4)[1:]
    assert hello == phrase("en", "invitation")
    assert "shapes" in described
    assert answered.startswith("green")


def test_picture_opens_and_closes(visit: Open) -> None:
    page = visit("?scene=digit")
    wait_for_answers(page, 2)
    page.click(".bubble.picture")
    expect(page.locator("#viewer img")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#viewer img")).to_be_hidden()


def test_own_pictures_are_uploaded_dropped_pasted_and_photographed(visit: Open) -> None:
    page = visit()
    wait_for_answers(page, 1)
    page.set_input_files(".upload input", SAMPLES / "3-digit-5.jpg")
    assert "数字 5" in wait_for_answers(page, 2)[1]
    for number, kind in enumerate(("drop", "paste"), start=3):
        page.evaluate(
            """async (kind) => {
                const transfer = new DataTransfer();
                const data = await (await fetch("/samples/6-cat.jpg")).blob();
                transfer.items.add(new File([data], "cat.jpg", {type: "image/jpeg"}));
                const given = {bubbles: true, dataTransfer: transfer, clipboardData: transfer};
                const Kind = kind === "drop" ? DragEvent : ClipboardEvent;
                document.querySelector(".chat").dispatchEvent(new Kind(kind, given));
            }""",
            kind,
        )
        wait_for_answers(page, number)
    page.click(".composer .shoot")
    page.click("#shoot:enabled")
    wait_for_answers(page, 5)


def test_camera_that_shows_nothing_yet_takes_no_photo(visit: Open) -> None:
    page = visit()
    wait_for_answers(page, 1)
    page.evaluate("navigator.mediaDevices.getUserMedia = async () => new MediaStream()")
    page.click(".composer .shoot")
    page.wait_for_function("document.querySelector('#camera video').srcObject !== null")
    expect(page.locator("#shoot")).to_be_disabled()


def test_menu_of_the_account_is_at_the_foot(visit: Open) -> None:
    page = visit("?scene=menu")
    wait_for_answers(page, 1)
    page.click(".menu >> text=帮助")
    assert "发一张照片" in wait_for_answers(page, 2)[1]


def test_followers_stand_side_by_side_and_come_back(visit: Open) -> None:
    page = visit("?followers=2")
    expect(page.locator(".phone")).to_have_count(2)
    page.locator(".phone").nth(1).locator(".content").fill("你好")
    page.keyboard.press("Enter")
    second = page.locator(".phone").nth(1).locator(".theirs .bubble")
    expect(second).to_have_count(2)
    page.reload()
    expect(second).to_have_text([phrase("zh", "subscribed"), phrase("zh", "invitation")])
    page.locator(".remove").first.click()
    expect(page.locator(".phone")).to_have_count(1)


# For everybody.


@pytest.mark.parametrize(("width", "dark"), [(390, True), (1440, False)])
def test_everybody_can_use_it(visit: Open, width: int, dark: bool) -> None:
    page = visit("?lang=en&scene=digit", width=width, dark=dark)
    wait_for_answers(page, 3)
    page.click(".row.delivery summary")
    expect(page.locator(".end.sent")).to_be_visible()
    found = Axe().run(page).response["violations"]
    grave = [each for each in found if each["impact"] in {"serious", "critical"}]
    assert [(each["id"], each["nodes"][0]["html"]) for each in grave] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_keyboard_is_enough(visit: Open) -> None:
    page = visit()
    wait_for_answers(page, 1)
    page.focus('[data-sample="1-digit-3.jpg"]')
    page.keyboard.press("Enter")
    wait_for_answers(page, 2)
    page.focus(".row.delivery summary")
    page.keyboard.press("Enter")
    expect(page.locator(".row.delivery pre").first).to_be_visible()


def test_file_beyond_all_measure_is_refused_in_words(visit: Open, tmp_path: Path) -> None:
    page = visit()
    huge = tmp_path / "huge.jpg"
    with huge.open("wb") as file:
        file.truncate(13 * 2**20)
    page.set_input_files(".upload input", huge)
    expect(page.locator(".alert")).to_contain_text("10 MB")


def test_marks_of_the_scale_are_what_they_say(visit: Open) -> None:
    page = visit()
    wait_for_answers(page, 1)
    marks = page.evaluate(
        """async () => {
            const { scaleFor } = await import("/static/timeline.js");
            const { duration } = await import("/static/words.js");
            const totals = [0.0005, 0.003, 0.0045, 0.03, 0.045, 0.26, 0.45, 3, 4.5, 9, 26, 45];
            const quarters = totals.flatMap((each) => [1, 2, 3].map((n) => n * scaleFor(each) / 4));
            const units = { ms: 0.001, s: 1 };
            return quarters.map((each) => {
                const [number, unit] = duration(each).split(" ");
                return Math.abs(number * units[unit] / each - 1);
            });
        }"""
    )
    assert max(marks) < 1e-6


def test_text_that_was_not_sent_stays_to_be_sent_again(visit: Open) -> None:
    page = visit()
    wait_for_answers(page, 1)
    page.evaluate("() => { window.fetch = () => Promise.reject(new TypeError()); }")
    page.fill(".content", "你好")
    page.keyboard.press("Enter")
    expect(page.locator(".alert")).to_have_text(book("zh", "demo")["trouble"]["gone"])
    expect(page.locator(".content")).to_have_value("你好")


def test_missing_camera_is_said_and_takes_no_photo(visit: Open) -> None:
    page = visit()
    page.evaluate("() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(); }")
    page.click(".composer .shoot")
    expect(page.get_by_role("alert")).to_have_text(book("zh", "demo")["camera"]["none"])
    expect(page.locator("#shoot")).to_be_hidden()


def test_absurd_address_is_no_mistake(visit: Open) -> None:
    page = visit("?follower=../../x,%00,o1&scene=__proto__&followers=-3&lang=tlh&theme=x")
    expect(page.locator(".phone")).to_have_count(1)
    wait_for_answers(page, 1)
