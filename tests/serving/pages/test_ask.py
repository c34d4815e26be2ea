"""Questions about a picture, to the shipped model that answers them."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from simulator.sample import SAMPLES
from tests.serving.pages.conftest import NewVisitor
from tests.serving.pages.drawing import draw, open_model
from tests.serving.pages.test_looks import DARK, findings


def put(page: Page, shape: str, colour: str, x: float, y: float) -> None:
    page.get_by_role("radio", name=shape, exact=True).check()
    page.get_by_role("radio", name=colour, exact=True).check()
    draw(page, [(x, y), (x, y)])


def compose(page: Page, site: str) -> None:
    """Open the page and put two red squares and a blue circle on the board."""
    open_model(page, site, model="vqa")
    page.get_by_role("button", name="Clear").click()
    put(page, "Square", "red", 120, 140)
    put(page, "Square", "red", 420, 150)
    put(page, "Circle", "blue", 270, 400)


def ask(page: Page, question: str) -> Locator:
    """Ask, and return the answer."""
    before = page.locator(".talk li").count()
    page.get_by_label("Question").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator(".talk li")).to_have_count(before + 1)
    return page.locator(".talk li").first.locator(".said")


def test_questions_are_answered_in_their_language(page: Page, site: str) -> None:
    compose(page, site)
    expect(ask(page, "How many squares are there?")).to_have_text("2")
    expect(ask(page, "有几个正方形？")).to_have_text("2 个")
    expect(ask(page, "What colour is the circle?")).to_have_text("blue")
    expect(ask(page, "圆形是什么颜色？")).to_have_text("蓝色")
    expect(page.locator(".talk .asked").last).to_have_text("How many squares are there?")


def test_answer_comes_with_how_sure_it_is(page: Page, site: str) -> None:
    compose(page, site)
    ask(page, "How many squares are there?")
    facts = page.locator(".talk .facts").first
    expect(facts).to_contain_text(re.compile(r"\d\d\.\d% sure"))
    expect(facts).to_contain_text("kind of question: count")
    expect(facts).to_contain_text(re.compile(r"like the pictures it learned from: 9\d\.\d%"))
    expect(page.locator("#told")).to_have_text("2")


def test_model_says_what_it_sees(page: Page, site: str) -> None:
    compose(page, site)
    expect(page.locator("#things")).to_have_text("It sees: red square ×2, blue circle")
    assert page.locator("#boxes rect").count() == 3


def test_question_it_does_not_understand_is_not_answered(page: Page, site: str) -> None:
    compose(page, site)
    ask(page, "What is the weather like in Paris?")
    expect(page.locator(".talk li").first).to_contain_text(
        "It is not sure, and so does not answer."
    )


def test_photograph_is_not_its_world(page: Page, site: str) -> None:
    open_model(page, site, model="vqa")
    page.get_by_label("Upload").set_input_files(SAMPLES / "6-cat.jpg")
    ask(page, "How many circles are there?")
    expect(page.locator(".talk li").first).to_contain_text(
        "It is not sure, and so does not answer."
    )


def test_suggested_question_is_asked(page: Page, site: str) -> None:
    compose(page, site)
    page.get_by_role("button", name="最大的图形是什么颜色？").click()
    expect(page.locator(".talk .asked")).to_have_text("最大的图形是什么颜色？")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".talk li")).to_have_count(2)


def test_empty_question_is_not_sent(page: Page, site: str) -> None:
    compose(page, site)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_label("Question")).to_be_focused()
    expect(page.locator("#told")).to_have_text("First write a question.")


def test_page_begins_with_a_scene_to_ask_about(page: Page, site: str) -> None:
    open_model(page, site, model="vqa")
    expect(page.locator("#things")).to_have_text(re.compile("^It sees: "))


def test_curl_command_holds_any_question(page: Page, site: str, tmp_path: Path) -> None:
    compose(page, site)
    ask(page, 'Isn\'t "$HOME" a \\ or a `square`?')
    with page.expect_download() as download:
        page.locator("#sent").click()
    download.value.save_as(tmp_path / "picture.png")
    command = page.locator("#curl").inner_text()
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    (answer,) = json.loads(done.stdout)["outputs"]["answer"]
    assert answer in page.locator(".talk").inner_text()


def test_question_is_shown_and_not_what_is_looked_up_beside_it(page: Page, site: str) -> None:
    compose(page, site)
    held: list[Route] = []
    page.route(
        "**:predict", lambda route: held.append(route) if looks(route) else route.continue_()
    )
    put(page, "Circle", "green", 120, 400)
    ask(page, "How many circles are there?")
    page.route("**:predict", lambda route: route.continue_())
    for route in held:
        route.continue_()
    expect(page.locator("#things")).to_contain_text("green circle")
    assert "How many circles are there?" in page.locator("#curl").inner_text()
    assert "answer_id" in (page.locator("#response").text_content() or "")


def looks(route: Route) -> bool:
    return "describe" in (route.request.post_data or "")


@pytest.mark.parametrize("look", [DARK, {"viewport": {"width": 390, "height": 844}}])
def test_questions_hinder_nobody(site: str, visit: NewVisitor, look: dict[str, object]) -> None:
    page = visit(**look, reduced_motion="reduce").page
    compose(page, site)
    ask(page, "How many squares are there?")
    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth === innerWidth")
