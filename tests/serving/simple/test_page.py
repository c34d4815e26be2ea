"""serving.simple.page: models and statistics, as a visitor sees them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import flask
import flask.testing
import pytest
import werkzeug.serving
from playwright.sync_api import Browser

from labels import LANGUAGES, book
from serving.flags import Flags
from serving.lifecycle import record
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig, VersionPolicy
from serving.lifecycle.record import Change
from serving.monitoring.metrics import Metrics
from serving.monitoring.statistics import Traffic
from serving.protocol.json_tensor import Array
from serving.protocol.signature import Signature
from serving.simple import chart
from serving.simple.app import create_app

HOSTILE = "<script>alert(1)</script>"


class Model:
    """Stands for a model that is loaded."""

    signatures: Mapping[str, Signature] = {}

    def run(
        self, _signature: str, _inputs: Mapping[str, Array], _filter: Sequence[str] = ()
    ) -> dict[str, Array]:
        return {}

    def close(self) -> None:
        pass


def load(_config: ModelConfig, path: Path) -> Model:
    if path.name == "3":
        raise ValueError("its variables are missing")
    return Model()


@pytest.fixture
def app(tmp_path: Path) -> flask.Flask:
    """The routes over two models: one of two versions and a broken one, with statistics."""
    for name in ("a/1", "a/2", "a/3", "b"):
        (tmp_path / name).mkdir(parents=True)
    with record.alone(tmp_path / "a") as file:
        when = "2026-11-28T10:00:00+00:00"
        change = Change(when=when, action="online", version=1, by="HTTP, ann")
        record.append(file, change)
    catalogue = Catalogue(load)
    every = VersionPolicy(latest=None)
    configs = [ModelConfig(name="digits and shapes", base_path=tmp_path / "a", policy=every)]
    configs.append(ModelConfig(name=HOSTILE, base_path=tmp_path / "b"))
    catalogue.apply(configs)
    metrics = Metrics()
    for number in range(1, 40):
        traffic = Traffic(rows=number, received=1000, sent=10)
        metrics.version("digits and shapes", 2, "OK" if number % 9 else "INTERNAL", 0.0, traffic)
        metrics.graph("digits and shapes", 2, 0.0, number)
    made = create_app(catalogue, Flags(), metrics)
    assert isinstance(made, flask.Flask)
    return made


@pytest.fixture
def client(app: flask.Flask) -> flask.testing.FlaskClient:
    return app.test_client()


Client = flask.testing.FlaskClient


def test_page_shows_models_versions_and_numbers(client: Client) -> None:
    page = client.get("/ui?language=en").text
    assert "<h2>digits and shapes</h2>" in page
    assert page.count('<td class="number">39</td><td class="number">4</td>') == 1
    assert "its variables are missing" in page
    assert "0 min ago: requests 39, errors 4" in page
    assert "rows ≤64: runs 7" in page
    assert "39.0 kB" in page
    assert "95% of requests" not in page
    assert "p95 of requests took at most" in page
    assert "no version yet" in page


def test_states_are_in_the_visitor_s_language(client: Client) -> None:
    page = client.get("/ui?language=zh").text
    assert (page.count("<td>可用</td>"), page.count("<td>已结束</td>")) == (2, 1)
    assert re.search('<p class="error">第 3 版：.*its variables are missing', page)


def test_names_are_no_html(client: Client) -> None:
    page = client.get("/ui").text
    assert HOSTILE not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_page_loads_and_runs_nothing(client: Client) -> None:
    answer = client.get("/ui")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; ")
    assert "<script" not in answer.text
    assert "http" not in answer.text.replace('http-equiv="refresh"', "")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_renews_itself_until_the_visitor_stops_it(client: Client, language: str) -> None:
    words = book(language, "statistics")
    page = client.get(f"/ui?language={language}").text
    assert '<meta http-equiv="refresh" content="30">' in page
    assert f'<a href="/ui?still">{words["stop"].format(seconds=30)}</a>' in page
    still = client.get("/ui?still").text  # in the language that was chosen
    assert "http-equiv" not in still
    assert f'<a href="/ui">{words["renew"]}</a>' in still
    assert "&amp;still" in still


def test_page_tells_strangers_what_changed_and_not_who(client: Client) -> None:
    page = client.get("/ui?language=en").text
    assert "2026-11-28 10:00:00 UTC: put online 1" in page
    assert "ann" not in page
    (change,) = client.get("/models/digits and shapes/versions").get_json()["changes"]
    assert (change["action"], change["by"]) == ("online", "HTTP")


@pytest.mark.parametrize(
    ("path", "header", "language"),
    [
        ("/ui", "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("/ui", "en-GB,en;q=0.9", "en"),
        ("/ui", "fr", "zh"),
        ("/ui", "", "zh"),
        ("/ui?language=en", "zh", "en"),
        ("/ui?language=xx", "en", "en"),
    ],
)
def test_page_speaks_the_visitor_s_language(
    client: Client, path: str, header: str, language: str
) -> None:
    answer = client.get(path, headers={"Accept-Language": header})
    assert f'<html lang="{language}">' in answer.text
    assert book(language, "statistics")["heading"] in answer.text.replace("&amp;", "&")
    assert answer.headers["Content-Language"] == language


def test_chosen_language_stays(client: Client) -> None:
    client.get("/ui?language=en", headers={"Accept-Language": "zh"})
    assert '<html lang="en">' in client.get("/ui", headers={"Accept-Language": "zh"}).text


def test_both_languages_say_the_same_things() -> None:
    english, chinese = (book(language, "statistics") for language in ("en", "zh"))
    assert english.keys() == chinese.keys()


def test_bars_are_as_high_as_their_numbers() -> None:
    requests = [0] * 58 + [4, 2]
    *_, before, last = chart.minutes(requests, [0] * 59 + [1], "{ago}: {requests}, {errors}")
    assert (before.height, before.y, before.bad) == (100, 0, 0)
    assert (last.height, last.y, last.bad) == (50, 50, 25)
    assert last.x + last.width <= chart.WIDTH
    assert (before.text, last.text) == ("1: 4, 0", "0: 2, 1")


def test_bars_of_nothing() -> None:
    assert {bar.height for bar in chart.minutes([0] * 60, [0] * 60, "")} == {0}
    assert chart.sizes({}, "") == []
    assert chart.shares({"p50": None}, "") == []


@pytest.fixture
def url(app: flask.Flask) -> Iterator[str]:
    server = werkzeug.serving.make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.port}/ui"
    server.shutdown()
    server.server_close()


def test_page_fits_from_phone_to_desk_and_breaks_no_rule_of_its_own(
    url: str, browser: Browser
) -> None:
    said: list[str] = []
    wide: dict[tuple[str, int], int] = {}
    page = browser.new_page()
    page.on("console", lambda message: said.append(message.text))
    for language in LANGUAGES:
        page.goto(f"{url}?language={language}")
        for width in (390, 820, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            wide[language, width] = page.evaluate("document.documentElement.scrollWidth")
    page.close()
    assert wide == {(language, width): width for language, width in wide}
    assert said == []
