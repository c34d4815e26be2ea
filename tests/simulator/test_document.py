"""docs/simulator.md: every route, button and scene of the page is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulator.__main__ import create_app
from simulator.faults import FAULTS
from tests.conftest import make_settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def document() -> str:
    return (ROOT / "docs" / "simulator.md").read_text("utf-8")


def test_every_route_is_documented(document: str) -> None:
    app = create_app(make_settings(), address="http://127.0.0.1:1", webhook="http://127.0.0.1:1")
    routes = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) & {"GET", "POST"}
        if not rule.rule.startswith(("/cgi-bin/", "/static/"))
    }
    assert set(re.findall(r"`((?:GET|POST) [^`]+)`", document)) == routes


def test_every_button_and_scene_is_documented(document: str) -> None:
    script = (ROOT / "simulator" / "static" / "scene.js").read_text("utf-8")
    scenes = re.findall(r"^  (\w+): \[", script, re.MULTILINE)
    assert len(scenes) == 5
    assert [name for name in (*FAULTS, *scenes) if f"`{name}`" not in document] == []
