"""Models that take neither pictures nor questions: a request to fill in."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Page, expect

from labels import book
from tests.serving.pages.conftest import NewVisitor
from tests.serving.pages.drawing import open_model


def test_request_is_there_to_be_sent(page: Page, site: str) -> None:
    open_model(page, site, model="half_plus_two")
    expect(page.locator("#inputs tr")).to_have_text(["xfloat[n, 1]"])
    expect(page.locator("#json")).to_have_value(
        json.dumps({"signature_name": "serving_default", "inputs": {"x": [[1]]}}, indent=2).replace(
            "[\n        1\n      ]", "[1]"
        )
    )
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#answer")).to_contain_text('"outputs"')
    assert json.loads(page.locator(".json").inner_text()) == {"outputs": [[2.5]]}


def test_request_can_be_changed(page: Page, site: str) -> None:
    open_model(page, site, model="half_plus_two")
    expect(page.locator("#json")).not_to_have_value("")
    page.locator("#json").fill('{"instances": [1.0, 2.0, 5.0]}')
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".json")).to_have_text('{\n  "predictions": [2.5, 3, 4.5]\n}')


def test_broken_json_is_not_sent(page: Page, site: str) -> None:
    open_model(page, site, model="half_plus_two")
    expect(page.locator("#json")).not_to_have_value("")
    page.locator("#json").fill('{\n  "inputs": [1 2]\n}')
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#json-trouble")).to_contain_text("The JSON is wrong in line 2, column 16")
    expect(page.locator("#json")).to_be_focused()
    expect(page.locator("#wire")).to_be_hidden()


def test_wrong_input_is_explained_by_the_server(site: str, visit: NewVisitor) -> None:
    page = visit().page
    open_model(page, site, model="half_plus_two")
    expect(page.locator("#json")).not_to_have_value("")
    page.locator("#json").fill('{"inputs": {"x": ["one"]}}')
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#trouble")).to_contain_text("The model does not take this input")
    expect(page.locator("#trouble-said")).to_contain_text("is not of expected type: float")
    page.locator("summary").click()
    expect(page.locator("#response")).to_contain_text(re.compile(r'^{"error":.* expected type'))


def test_refusal_leaves_no_answer_to_another_request(site: str, visit: NewVisitor) -> None:
    page = visit().page
    open_model(page, site, model="half_plus_two")
    expect(page.locator("#json")).not_to_have_value("")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#answer")).to_contain_text('"outputs"')
    page.locator("#json").fill('{"inputs": {"x": ["one"]}}')
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#answer")).to_have_text(book("en", "pages")["script"]["empty"])
