"""The page against servers by URL, and what it says where that does not work."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import werkzeug.serving
from playwright.sync_api import Page, expect

from launch.supervisor import free_port
from serving.flags import Flags
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.loading import Loader
from tests.serving.pages.conftest import NewVisitor, serve
from tests.serving.pages.drawing import THREE, best, draw, open_model


@pytest.fixture
def calm(visit: NewVisitor) -> Page:
    """A window whose console may tell of requests that failed."""
    return visit().page


def connect(page: Page, site: str, url: str, model: str = "demo") -> None:
    page.goto(f"{site}/ui/try?server={url}&model={model}")


def trouble(page: Page) -> str:
    expect(page.locator("#trouble")).to_be_visible()
    return page.locator("#trouble").inner_text()


def test_another_server_is_asked_by_its_url(page: Page, site: str, shown: Catalogue) -> None:
    with serve(shown, rest_api_enable_cors_support=True) as elsewhere:
        open_model(page, site)
        page.get_by_label("Model server").fill(elsewhere.removeprefix("http://"))
        page.get_by_role("button", name="Connect").click()
        expect(page.get_by_label("Model server")).to_have_value(elsewhere)
        expect(page.locator("#state")).to_have_text("demo, version 1: available")
        draw(page, THREE)
        expect(best(page)).to_have_text("the digit 3")
        expect(page.locator("#curl")).to_contain_text(f"'{elsewhere}/v1/models/demo:predict'")


def test_server_that_lists_nothing_is_asked_by_the_name(calm: Page, site: str, other: str) -> None:
    connect(calm, site, other, model="")
    expect(calm.locator("#state")).to_have_text(re.compile("does not list its models"))
    calm.get_by_label("Model name").fill("demo")
    calm.keyboard.press("Enter")
    expect(calm.locator("#bench")).to_be_visible()
    draw(calm, THREE)
    expect(best(calm)).to_have_text("the digit 3")


def test_what_is_chosen_stands_in_the_address(page: Page, site: str) -> None:
    open_model(page, site, model="half_plus_two")
    page.locator(".chip", has_text="demo").click()
    expect(page.locator("#state")).to_have_text("demo, version 1: available")
    page.get_by_label("Signature").select_option("top5")
    expect(page).to_have_url(
        f"{site}/ui/try?model=demo&version=&signature=top5".replace("version=&", "")
    )


def test_server_that_is_away(calm: Page, site: str) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    connect(calm, site, url)
    assert f"Nobody answers at {url}" in trouble(calm)
    expect(calm.locator("#bench")).to_be_hidden()


def test_server_that_lets_no_other_page_ask(calm: Page, site: str, shown: Catalogue) -> None:
    with serve(shown) as elsewhere:
        connect(calm, site, elsewhere)
        assert "--rest_api_enable_cors_support" in trouble(calm)


def test_something_else_at_the_url(calm: Page, site: str) -> None:
    def app(_environ: object, start_response: object) -> list[bytes]:
        start_response("200 OK", [("Access-Control-Allow-Origin", "*")])  # type: ignore[operator]
        return [b"<h1>Welcome to nginx!</h1>"]

    server = werkzeug.serving.make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    connect(calm, site, f"http://127.0.0.1:{server.port}")
    assert "That is no TensorFlow Serving" in trouble(calm)
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("url", ["ftp://models", "http://", "http://user:secret@models"])
def test_address_that_is_none(page: Page, site: str, url: str) -> None:
    connect(page, site, url)
    assert "This is not the address of a server" in trouble(page)


def test_model_that_is_not_there(calm: Page, site: str, other: str) -> None:
    connect(calm, site, other, "resnet")
    assert "no model named “resnet”" in trouble(calm)


def test_model_that_could_not_be_loaded(page: Page, site: str) -> None:
    page.goto(f"{site}/ui/try?model=damaged")
    said = trouble(page)
    assert "The model could not be loaded" in said
    assert re.search(r"1: .*saved_model.pb", said)
    page.locator(".chip", has_text="demo").click()
    expect(page.locator("#bench")).to_be_visible()
    expect(page.locator("#trouble")).to_be_hidden()


def test_model_that_is_tried_again(page: Page, models: dict[str, Path], tmp_path: Path) -> None:
    graph = tmp_path / "1" / "saved_model.pb"
    shutil.copytree(models["half_plus_two"] / "1", graph.parent)
    whole = graph.read_bytes()
    graph.write_bytes(b"half of it")
    catalogue = Catalogue(Loader(Flags(enable_model_warmup=False)), retries=5, pause=0)
    catalogue.apply([ModelConfig(name="mended", base_path=tmp_path)])
    with serve(catalogue) as url:
        page.goto(f"{url}/ui/try?model=mended")
        said = trouble(page)
        assert "could not be loaded so far" in said
        assert re.search(r"1: .*saved_model.pb", said)
        graph.write_bytes(whole)
        catalogue.retry()
        expect(page.locator("#bench")).to_be_visible()
        expect(page.locator("#trouble")).to_be_hidden()


def test_words_of_others_are_no_markup(calm: Page, site: str, other: str) -> None:
    connect(calm, site, other, "<img src=x onerror=alert(1)>")
    assert "<img src=x onerror=alert(1)>" in trouble(calm)


@pytest.fixture
def guarded(shown: Catalogue, tmp_path: Path) -> Iterator[str]:
    """A server elsewhere that wants to know who asks."""
    (tmp_path / "passwords").write_text("alice:wonderland\n")
    passwords = tmp_path / "passwords"
    with serve(shown, basic_auth_file=passwords, rest_api_enable_cors_support=True) as url:
        yield url


def test_visitor_logs_in(calm: Page, site: str, guarded: str) -> None:
    connect(calm, site, guarded)
    assert "Please log in" in trouble(calm)
    calm.get_by_label("User").fill("alice")
    calm.get_by_label("Password").fill("wonderland")
    calm.keyboard.press("Enter")
    expect(calm.locator("#bench")).to_be_visible()
    draw(calm, THREE)
    expect(best(calm)).to_have_text("the digit 3")
    expect(calm.locator("#curl")).to_contain_text("curl -s --user 'alice' -H")
    assert "wonderland" not in calm.locator("#wire").inner_text()


def test_wrong_password_is_said(calm: Page, site: str, guarded: str) -> None:
    connect(calm, site, guarded)
    calm.get_by_label("User").fill("alice")
    calm.get_by_label("Password").fill("looking-glass")
    calm.get_by_role("button", name="Log in").click()
    assert "Please log in" in trouble(calm)
    expect(calm.locator("#bench")).to_be_hidden()


def test_server_that_goes_away_while_it_is_asked(calm: Page, site: str, shown: Catalogue) -> None:
    with serve(shown, rest_api_enable_cors_support=True) as elsewhere:
        connect(calm, site, elsewhere)
        expect(calm.locator("#bench")).to_be_visible()
    draw(calm, THREE)
    assert "The server does not answer" in trouble(calm)
