"""From Keras to a page: the commands of docs/keras-to-page.md, one after the other."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from launch.supervisor import ROOT, answers, free_port
from tests.serving.pages.drawing import THREE, ZERO, best, draw, open_model
from tests.serving.process import serving

DOCUMENT = (ROOT / "docs" / "keras-to-page.md").read_text("utf-8")
DIGIT = ROOT / "simulator" / "samples" / "1-digit-3.jpg"


def told(start: str, folder: Path, url: str = "") -> list[str]:
    """Return the document's first command that starts so, for this folder and this server."""
    found = re.search(rf"^    \.venv/bin/python (-m {start}[^>\n]*)", DOCUMENT, re.MULTILINE)
    assert found
    here = found[1].replace("/tmp/models", str(folder))  # noqa: S108  # the document's folder
    return shlex.split(here.replace("http://localhost:8501", url))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that the script has filled, and what it said."""
    folder = tmp_path_factory.mktemp("trained")
    command = [sys.executable, *told("examples.keras_digits.train", folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return folder, done.stdout


@pytest.fixture(scope="module")
def keras_site(
    trained: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The server."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    _, _, *said = told("serving --model_name", trained[0])  # -m serving
    flags = [*said, "--port=0", f"--rest_api_port={port}"]
    with serving(tmp_path_factory.mktemp("serving"), lambda: answers(f"{url}/health"), *flags):
        yield url


def test_model_is_right_about_scans_that_it_has_not_seen(trained: tuple[Path, str]) -> None:
    said = re.search(r"right about ([\d.]+)% of 360 scans", trained[1])
    assert said
    assert float(said[1]) > 96


def test_keras_model_is_saved_as_well(trained: tuple[Path, str]) -> None:
    from serving.export import keras_model

    model = keras_model.load(trained[0] / "digits.keras")
    assert (model.input_shape, model.output_shape) == ((None, 20, 20, 3), (None, 10))


def test_digits_that_are_drawn_on_the_page_are_recognised(page: Page, keras_site: str) -> None:
    open_model(page, keras_site)
    expect(page.locator("#state")).to_have_text("digits, version 1: available")
    draw(page, THREE)
    expect(best(page)).to_have_text("3")
    expect(page.locator(".bars li")).to_have_count(10)
    page.get_by_role("button", name="Clear").click()
    draw(page, ZERO)
    expect(best(page)).to_have_text("0")


def test_seven_wants_its_bar(page: Page, keras_site: str) -> None:
    open_model(page, keras_site)
    draw(page, [(170, 120), (400, 120), (270, 460)])
    draw(page, [(230, 290), (400, 290)])
    expect(best(page)).to_have_text("7")


def test_program_that_asks_is_written(keras_site: str, tmp_path: Path) -> None:
    command = [sys.executable, *told("serving client", tmp_path, keras_site)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    (tmp_path / "ask.sh").write_text(done.stdout)
    asked = subprocess.run(
        ["bash", tmp_path / "ask.sh", DIGIT], capture_output=True, text=True, check=True
    )
    assert json.loads(asked.stdout)["outputs"]["classes"] == [3]
