"""Drawing on the page, and what the model says to it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from playwright.sync_api import Page, expect

from labels import book
from tests.serving.pages.conftest import NewVisitor
from tests.serving.pages.drawing import THREE, ZERO, best, draw, open_model


def test_digit_that_is_drawn_is_recognised(page: Page, site: str) -> None:
    open_model(page, site, model="demo")
    expect(page.locator("#hint")).to_have_text("Draw a digit here")
    draw(page, THREE)
    expect(best(page)).to_have_text("the digit 3")
    expect(page.locator("#told")).to_have_text(re.compile(r"the digit 3, [\d.]+%"))
    assert page.locator(".bars li").count() == 12


def test_bars_hold_what_the_server_said(page: Page, site: str) -> None:
    open_model(page, site, model="demo")
    with page.expect_response(lambda answer: answer.url.endswith("demo:predict")):
        draw(page, THREE)
    expect(page.locator("#told")).not_to_be_empty()
    answer = page.evaluate("JSON.parse(document.getElementById('response').textContent)")
    wanted = max(answer["outputs"]["probabilities"][0])
    expect(page.locator(".share")).to_have_text(f"{100 * wanted:.1f}%".replace("100.0", "100"))


def test_request_is_timed_and_measured(page: Page, site: str) -> None:
    open_model(page, site, model="demo")
    draw(page, THREE)
    expect(page.locator("#took")).to_have_text(re.compile(r"^[\d.]+ ms$"))
    expect(page.locator("#bytes")).to_have_text(
        re.compile(r"^[\d.]+ kB sent, [\d.]+ k?B received$")
    )
    label = page.locator("#spark").get_attribute("aria-label")
    assert re.fullmatch(r"Times of the latest requests \(\d+\), median [\d.]+ ms", label or "")


def test_place_and_size_on_the_board_do_not_matter(page: Page, site: str) -> None:
    open_model(page, site, model="demo")
    draw(page, [(30 + x / 3, 350 + y / 3) for x, y in THREE])
    expect(best(page)).to_have_text("the digit 3")


def test_strokes_are_taken_back_one_by_one(page: Page, site: str) -> None:
    open_model(page, site, model="demo")
    draw(page, ZERO)
    expect(best(page)).to_have_text("the digit 0")
    draw(page, [(40, 40), (520, 520)])
    expect(best(page)).not_to_have_text("the digit 0")
    page.get_by_role("button", name="Undo").click()
    expect(best(page)).to_have_text("the digit 0")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#answer")).to_have_text(book("en", "pages")["script"]["empty"])
    expect(page.locator("#hint")).to_be_visible()


def test_keyboard_draws(page: Page, site: str) -> None:
    open_model(page, site, model="demo")
    expect(page.locator("#keys")).to_be_hidden()
    page.locator("#sketch").focus()
    expect(page.locator("#keys")).to_be_visible()
    for key, times in (("ArrowUp", 12), (" ", 1), ("ArrowDown", 24), (" ", 1)):
        for _ in range(times):
            page.keyboard.press(key)
    expect(best(page)).to_have_text("the digit 1")
    page.keyboard.press("z")
    expect(page.locator("#hint")).to_be_visible()


def test_finger_draws_on_a_phone(site: str, visit: NewVisitor) -> None:
    visitor = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = visitor.page
    open_model(page, site, model="demo")
    box = page.locator("#sketch").bounding_box()
    assert box
    session = page.context.new_cdp_session(page)
    scale = box["width"] / 560
    places = [{"x": box["x"] + scale * x, "y": box["y"] + scale * y} for x, y in THREE]
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": places[:1]})
    for place in places[1:]:
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [place]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.locator("#glance")).to_have_text(re.compile("the digit 3"))  # without scrolling
    assert page.evaluate("scrollY") == 0
    assert visitor.complaints == []


def test_shapes_are_a_scene(page: Page, site: str) -> None:
    open_model(page, site, model="demo")
    page.get_by_role("button", name="Surprise me").click()
    expect(best(page)).to_have_text("a scene of shapes")


def test_five_best_are_shown_by_another_signature(page: Page, site: str) -> None:
    open_model(page, site, model="demo", signature="top5")
    draw(page, THREE)
    expect(best(page)).to_have_text("the digit 3")
    assert page.locator(".bars li").count() == 5


def test_curl_command_gets_the_same_answer(page: Page, site: str, tmp_path: Path) -> None:
    open_model(page, site, model="demo")
    draw(page, THREE)
    expect(page.locator("#told")).to_have_text(re.compile("the digit 3"))
    with page.expect_download() as download:
        page.locator("#sent").click()
    assert download.value.suggested_filename == "picture.png"
    download.value.save_as(tmp_path / "picture.png")
    command = page.locator("#curl").inner_text()
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    page.get_by_text("The server's answer, word for word").click()
    assert done.stdout == page.locator("#response").inner_text()


def test_curl_command_is_copied(site: str, visit: NewVisitor) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"]).page
    open_model(page, site, model="demo")
    draw(page, THREE)
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#copy-text")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#curl").inner_text()
