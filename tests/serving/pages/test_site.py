"""serving.pages: what the server gives, without a browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import flask
import flask.testing
import pytest

from labels import LANGUAGES, book
from serving.flags import Flags
from serving.lifecycle.catalogue import Catalogue
from serving.monitoring.metrics import Metrics
from serving.pages import site as pages
from serving.pages.names import names
from serving.simple.app import create_app

FOLDER = Path(pages.__file__).parent
SCRIPTS = sorted((FOLDER / "static" / "pages").glob("*.js"))
TEMPLATES = sorted((FOLDER / "templates" / "pages").iterdir())


@pytest.fixture
def client() -> flask.testing.FlaskClient:
    app = create_app(Catalogue(lambda *_: pytest.fail("no model")), Flags(), Metrics())
    assert isinstance(app, flask.Flask)
    return app.test_client()


def signature(**shape: Any) -> dict[str, Any]:
    info = {"dtype": "DT_FLOAT", "tensor_shape": {"unknown_rank": False, **shape}, "name": "x:0"}
    given = {"inputs": {"x": info}, "outputs": {}, "method_name": "tensorflow/serving/predict"}
    return {"signature_def": {"signature_def": {"serving_default": given}}}


def test_no_script_and_no_style_stands_in_the_page(client: flask.testing.FlaskClient) -> None:
    page = client.get("/ui/try")
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<style|\son\w+=|\sstyle=|javascript:", page.text)
    assert re.findall(r"<script type=\"([^\"]+)\"(?: src)?", page.text) == [
        "module",
        "application/json",
    ]


def test_page_needs_nothing_from_elsewhere(client: flask.testing.FlaskClient) -> None:
    page = client.get("/ui/try").text
    targets = set(re.findall(r"(?:src|href)=\"([^\"#?]+)\"", page))
    found = {target: client.get(target, buffered=True).status_code for target in targets}
    assert found == dict.fromkeys(targets, 200)


@pytest.mark.parametrize(
    ("asked", "language"),
    [("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en-GB", "en"), ("fr", "zh"), ("", "zh")],
)
def test_language_is_the_browser_s(
    client: flask.testing.FlaskClient, asked: str, language: str
) -> None:
    answer = client.get("/ui/try", headers={"Accept-Language": asked} if asked else {})
    assert (answer.headers["Content-Language"], answer.vary.as_set()) == (
        language,
        {"accept-language", "cookie"},
    )


def test_language_of_the_switch_is_remembered(client: flask.testing.FlaskClient) -> None:
    english = {"Accept-Language": "en"}
    client.get("/ui/try?language=zh", headers=english)
    assert client.get("/ui/try", headers=english).headers["Content-Language"] == "zh"


def test_language_that_nobody_speaks_is_ignored(client: flask.testing.FlaskClient) -> None:
    answer = client.get("/ui/try?language=xx", headers={"Accept-Language": "en"})
    assert (answer.headers["Content-Language"], "Set-Cookie" in answer.headers) == ("en", False)


def test_example_fits_the_metadata(client: flask.testing.FlaskClient) -> None:
    metadata = signature(dim=[{"size": "-1"}, {"size": "2"}])
    answer = client.post("/ui/try/example", json={"metadata": metadata})
    assert answer.json == {"signature_name": "serving_default", "inputs": {"x": [[1.0, 1.0]]}}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "expected"),
        ({"metadata": {}}, "not the metadata of a model"),
        ({"metadata": signature(), "signature_name": 1}, "expected"),
        ({"metadata": signature(), "signature_name": "other"}, "no signature 'other'"),
        ({"metadata": signature(dim=[{"size": "500"}, {"size": "500"}])}, "too much for a form"),
    ],
)
def test_example_that_cannot_be_made(
    client: flask.testing.FlaskClient, body: dict[str, Any], words: str
) -> None:
    answer = client.post("/ui/try/example", json=body)
    assert answer.status_code == 400
    assert words in answer.get_json()["error"]


def test_names_are_in_the_language_that_is_asked_for(client: flask.testing.FlaskClient) -> None:
    answer = client.get("/ui/try/names?model=demo&classes=12&language=zh")
    assert answer.get_json()["names"][3] == "数字 3"


@pytest.mark.parametrize("classes", ["", "0", "-1", "many", "999999999"])
def test_number_of_classes_that_is_none(client: flask.testing.FlaskClient, classes: str) -> None:
    assert client.get(f"/ui/try/names?model=demo&classes={classes}").status_code == 400


def test_thousand_classes_are_imagenet_s() -> None:
    assert names("resnet", 1000, "en")[281] == "tabby"
    assert names("inception", 1001, "en")[:2] == ["", "tench"]  # a background class first


@pytest.mark.parametrize("model", ["flowers", "demo", "../imagenet", "", "imagenet.csv"])
def test_model_that_no_file_fits_has_no_names(model: str) -> None:
    assert names(model, 5, "en") == []


def keys(words: dict[str, Any], at: str = "") -> set[str]:
    found = [
        keys(each, f"{at}{name}.") if isinstance(each, dict) else {f"{at}{name}"}
        for name, each in words.items()
    ]
    return set().union(*found)


def test_languages_have_the_same_words() -> None:
    found = [keys(book(language, "pages")) for language in LANGUAGES]
    assert found[0] == found[1]


def test_braces_are_the_same_in_every_language() -> None:
    def braces(language: str) -> dict[str, Any]:
        text = (Path(pages.__file__).parents[2] / "labels" / language / "pages.toml").read_text()
        lines = re.findall(r"^(\w+) = (.*)$", text, re.MULTILINE)
        return {key: set(re.findall(r"\{\w+\}", said)) for key, said in lines}

    assert braces("zh") == braces("en")


def test_every_word_is_there_and_said() -> None:
    words = book("en", "pages")
    templates = "".join(path.read_text("utf-8") for path in TEMPLATES)
    assert set(re.findall(r"page\.(\w+)(?=[ ),])", templates)) == set(words["page"])
    scripts = "".join(path.read_text("utf-8") for path in SCRIPTS) + templates
    unsaid = {
        key
        for key in words["script"]  # say("key"), say(is ? "key" : …), say(`key.${part}`)
        if not re.search(rf"\bsay\([^\n]*[\"`]{key}[\"`.]|words\.{key}\b", scripts)
    }
    assert unsaid == set()


def test_no_word_hides_behind_what_a_dictionary_can_do() -> None:
    words = book("en", "pages")
    assert [key for key in (*words["page"], *words["script"]) if hasattr(words, key)] == []
