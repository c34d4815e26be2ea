"""examples.keras_digits: from Keras to a page, as docs/keras-to-page.md tells it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from simulator.house import ROOT, answers, free_port
from tests.serving.pages.drawing import THREE, ZERO, best, draw, open_model
from tests.serving.process import serving


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that the script has filled, and what it said."""
    folder = tmp_path_factory.mktemp("trained")
    command = [sys.executable, "-m", "examples.keras_digits.train", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return folder, done.stdout


@pytest.fixture(scope="module")
def keras_site(
    trained: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The server, started as the document says."""
    url, folder = f"http://127.0.0.1:{free_port()}", tmp_path_factory.mktemp("serving")
    flags = ("--model_name=digits", f"--model_base_path={trained[0] / 'digits'}", "--port=0")
    port = url.rpartition(":")[2]
    with serving(folder, lambda: answers(f"{url}/health"), *flags, f"--rest_api_port={port}"):
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
