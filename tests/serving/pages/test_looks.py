"""What the pages look like: narrow and wide, light and dark, in two languages, and to machines."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from serving.flags import Flags
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.loading import Loader
from tests.serving.pages.conftest import NewVisitor, serve
from tests.serving.pages.drawing import THREE, best, draw, open_model

LONG = "a_model_with_a_name_as_long_as_people_in_research_give_them_final_v3"
MODELS = ("demo", "half_plus_two")
DARK: dict[str, Any] = {"color_scheme": "dark"}


def answered(page: Page, site: str, model: str) -> None:
    """Open the page and have the model say something."""
    open_model(page, site, model=model)
    if model == "demo":
        draw(page, THREE)
        expect(best(page)).to_be_visible()
    else:
        expect(page.locator("#json")).not_to_have_value("")
        page.locator("#form button").click()
        expect(page.locator(".json")).to_be_visible()
    page.locator("summary").click()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_is_wider_than_the_window(
    site: str, visit: NewVisitor, width: int, model: str
) -> None:
    page = visit(viewport={"width": width, "height": 844}).page
    answered(page, site, model)
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_long_name_of_a_model_is_no_wider_than_the_window(
    models: dict[str, Path], visit: NewVisitor
) -> None:
    catalogue = Catalogue(Loader(Flags(enable_model_warmup=False)))
    catalogue.apply([ModelConfig(name=LONG, base_path=models["half_plus_two"])])
    page = visit(viewport={"width": 390, "height": 844}).page
    with serve(catalogue) as site:
        open_model(page, site, model=LONG)
        expect(page.locator("#state")).to_contain_text(LONG)
        assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("look", [{}, DARK])
def test_machines_find_nothing_that_hinders_people(
    site: str, visit: NewVisitor, model: str, look: dict[str, Any]
) -> None:
    page = visit(**look, reduced_motion="reduce").page
    answered(page, site, model)
    assert findings(page) == []


def test_trouble_hinders_nobody_either(site: str, visit: NewVisitor) -> None:
    page = visit(**DARK).page
    page.goto(f"{site}/ui/try?model=damaged")
    expect(page.locator("#trouble")).to_be_visible()
    assert findings(page) == []


def findings(page: Page) -> list[str]:
    """Return what axe-core complains of."""
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {node['html']}" for each in found for node in each["nodes"]]


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_page_is_dark_where_the_system_is(
    site: str, visit: NewVisitor, scheme: str, *, dark: bool
) -> None:
    page = visit(color_scheme=scheme).page
    page.goto(f"{site}/ui/try")
    colour = page.evaluate("getComputedStyle(document.querySelector('.card')).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", colour))) < 3 * 60) is dark


@pytest.mark.parametrize(
    ("locale", "heading"),
    [("zh-CN", "画一笔，模型来看"), ("en-GB", "Draw something. The model looks.")],
)
def test_page_speaks_the_browser_s_language(
    site: str, visit: NewVisitor, locale: str, heading: str
) -> None:
    page = visit(locale=locale).page
    page.goto(f"{site}/ui/try")
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)


def test_switch_keeps_the_model_and_the_drawing(page: Page, site: str) -> None:
    open_model(page, site, model="demo", signature="top5")
    draw(page, THREE)
    expect(best(page)).to_have_text("the digit 3")
    page.get_by_role("link", name="中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("画一笔，模型来看")
    expect(best(page)).to_have_text("数字 3")
    expect(page.locator("#told")).to_have_text(re.compile(r"数字 3，[\d.]+%"))
    expect(page.get_by_label("签名")).to_have_value("top5")
    page.goto(f"{site}/ui/try")  # it is remembered
    expect(page.get_by_role("heading", level=1)).to_have_text("画一笔，模型来看")
