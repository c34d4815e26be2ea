"""The pages in headless Chromium, on servers in this process with real models."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import werkzeug.serving
from playwright.sync_api import Browser, Page

from serving import rest
from serving.flags import Flags
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.loading import Loader
from serving.monitoring.metrics import Metrics
from serving.simple.app import create_app

SHIPPED = Path(__file__).parents[3] / "serving" / "models"


@pytest.fixture(scope="session")
def shown(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """The shipped models, one that takes numbers, and one that is damaged."""
    damaged = tmp_path_factory.mktemp("damaged")
    (damaged / "1").mkdir()
    (damaged / "1" / "saved_model.pb").write_bytes(b"this is no model")
    paths = {
        "demo": SHIPPED / "demo",
        "vqa": SHIPPED / "vqa",
        "half_plus_two": models["half_plus_two"],
        "damaged": damaged,
    }
    catalogue = Catalogue(Loader(Flags(enable_model_warmup=False)))
    catalogue.apply([ModelConfig(name=name, base_path=path) for name, path in paths.items()])
    return catalogue


@contextlib.contextmanager
def serve(catalogue: Catalogue, *, lists: bool = True, **flags: Any) -> Iterator[str]:
    """Give the URL of a server with our pages; without lists it is as bare as TensorFlow's."""
    chosen, metrics = Flags(rest_api_host="127.0.0.1", **flags), Metrics()
    outside = create_app(catalogue, chosen, metrics) if lists else rest.nothing
    app = rest.create_app(catalogue, chosen, outside, metrics)
    server = werkzeug.serving.make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def site(shown: Catalogue) -> Iterator[str]:
    """The server whose pages are opened."""
    with serve(shown) as url:
        yield url


@pytest.fixture(scope="session")
def other(shown: Catalogue) -> Iterator[str]:
    """A server elsewhere that lets pages of other origins ask, and lists nothing."""
    with serve(shown, lists=False, rest_api_enable_cors_support=True) as url:
        yield url


@dataclasses.dataclass(frozen=True, slots=True)
class Visitor:
    """A page, and what its console and its scripts complained of."""

    page: Page
    complaints: list[str]


NewVisitor = Callable[..., Visitor]


@pytest.fixture
def visit(browser: Browser) -> Iterator[NewVisitor]:
    """Open a browser window; its options are those of Playwright's new_context."""
    with contextlib.ExitStack() as windows:

        def new(**options: Any) -> Visitor:
            defaults = {"locale": "en-US", "viewport": {"width": 1440, "height": 900}}
            context = browser.new_context(**{**defaults, **options})
            windows.callback(context.close)
            page, complaints = context.new_page(), list[str]()
            page.set_default_timeout(20_000)
            page.on("console", lambda each: complaints.append(f"{each.type}: {each.text}"))
            page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
            return Visitor(page, complaints)

        yield new


@pytest.fixture
def page(visit: NewVisitor) -> Iterator[Page]:
    """A window in English whose console stays silent."""
    visitor = visit()
    yield visitor.page
    assert visitor.complaints == []
