"""docs/serving.md: what it says of Simple TensorFlow Serving is there."""

from __future__ import annotations

import re
from pathlib import Path

import flask

from serving.flags import Flags
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig
from serving.monitoring.metrics import Metrics
from serving.servable import Servable
from serving.simple.app import create_app
from serving.simple.functions import POSTPROCESS, PREPROCESS

ROOT = Path(__file__).parents[3]
TEXT = (
    (ROOT / "docs" / "serving.md").read_text("utf-8").partition("## Simple TensorFlow Serving")[2]
)
TESTS = ROOT / "tests" / "serving"


def rows(before: str) -> list[list[str]]:
    """Return the cells of the table that follows the comment."""
    table = TEXT.partition(before)[2].partition("\n\n")[0]
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


FEATURES = rows("<!-- a test looks for the tests that the table names")
NOT_HERE = {"models in HDFS"}


def test_each_feature_is_told_in_four_cells() -> None:
    assert len(FEATURES) > 20
    assert {len(row) for row in FEATURES} == {4}


def test_each_feature_is_shown_by_tests() -> None:
    without = {row[0] for row in FEATURES if row[3] == "–"}
    assert without <= NOT_HERE


def test_tests_that_the_table_names_are_there() -> None:
    named = [each for row in FEATURES for each in re.findall(r"`([\w/.:]+)`", row[3])]
    assert len(named) > 20
    missing = [each for each in named if not is_there(*each.partition("::")[::2])]
    assert missing == []


def is_there(file: str, name: str) -> bool:
    path = TESTS / file
    return path.is_file() and f"def {name or 'test_'}" in path.read_text("utf-8")


def load(_config: ModelConfig, _path: Path) -> Servable:
    raise NotImplementedError


def test_each_route_is_told() -> None:
    app = create_app(Catalogue(load), Flags(), Metrics())
    assert isinstance(app, flask.Flask)
    ours = [rule for rule in app.url_map.iter_rules() if "." not in rule.endpoint]
    routes = {
        f"{method} {rule.rule.replace('<path:name>', 'NAME')}"
        for rule in ours
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    told = {
        each.partition("?")[0]
        for row in rows("<!-- the table is checked against the program")
        for each in re.findall(r"`((?:GET|POST) [^`]+)`", row[0])
    }
    assert told == routes


def test_each_function_is_told() -> None:
    names = {*PREPROCESS, *POSTPROCESS}
    assert {name for name in names if f"`{name}`" not in TEXT} == set()
