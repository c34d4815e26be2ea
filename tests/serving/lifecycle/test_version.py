"""serving.lifecycle.version, in a catalogue: what cannot be loaded, or closed."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.errors import Unavailable
from serving.lifecycle.catalogue import Catalogue
from tests.serving.lifecycle.conftest import Make, Model, loader, serves, states


def test_model_that_does_not_close_is_gone_nevertheless(
    catalogue: Catalogue, model: Make, loaded: list[Model]
) -> None:
    catalogue.apply([model("a", "1")])
    loaded[0].close = None  # type: ignore[method-assign, assignment]
    catalogue.apply([])
    assert states(catalogue, "a") == [(1, "END")]


def test_broken_model_is_reported_and_the_others_are_served(
    catalogue: Catalogue, model: Make, tmp_path: Path
) -> None:
    broken = model("a", "1")
    (tmp_path / "a" / "1" / "broken").touch()
    catalogue.apply([broken, model("b", "1")])
    (status,) = catalogue.status("a")
    assert (status.state, status.code) == ("END", "INTERNAL")
    assert status.message == "ValueError('no model in …/broken')"
    assert serves(catalogue, "b") == 1


def test_broken_model_is_tried_as_often_as_it_may(
    model: Make, loaded: list[Model], tmp_path: Path
) -> None:
    catalogue = Catalogue(loader(loaded), retries=2, pause=-1)
    config = model("a", "1")
    (tmp_path / "a" / "1" / "broken").touch()
    catalogue.apply([config])
    assert [(each.state, each.code) for each in catalogue.status("a")] == [("LOADING", "INTERNAL")]
    catalogue.retry()
    assert states(catalogue, "a") == [(1, "LOADING")]
    catalogue.retry()
    assert states(catalogue, "a") == [(1, "END")]
    catalogue.retry()
    assert len(loaded) == 3


def test_pause_before_a_broken_model_is_tried_again(
    model: Make, loaded: list[Model], tmp_path: Path
) -> None:
    catalogue = Catalogue(loader(loaded), retries=2, pause=3600)
    config = model("a", "1")
    (tmp_path / "a" / "1" / "broken").touch()
    catalogue.apply([config])
    catalogue.retry()
    catalogue.poll()
    assert len(loaded) == 1


def test_unreadable_file_is_the_error_of_its_model_alone(
    catalogue: Catalogue, model: Make, tmp_path: Path, loaded: list[Model]
) -> None:
    configs = [model("a", "1"), model("b", "1")]
    dangling = tmp_path / "a" / "1" / "variables"
    dangling.symlink_to(tmp_path / "later")
    catalogue.apply(configs)
    (status,) = catalogue.status("a")
    assert (status.state, status.code) == ("END", Unavailable.code)
    assert status.message.startswith("…/variables cannot be read")
    assert serves(catalogue, "b") == 1
    (tmp_path / "later").touch()
    catalogue.poll()
    assert serves(catalogue, "a") == 1
    assert len(loaded) == 2


def test_unreadable_file_is_told_once_and_in_full(
    catalogue: Catalogue, model: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    dangling = tmp_path / "a" / "1" / "variables"
    catalogue.apply([model("a", "1")][:0])
    dangling.symlink_to("/nowhere")
    catalogue.apply([model("a")])
    catalogue.poll()
    dangling.unlink()
    catalogue.poll()
    refused, available = (record.message for record in caplog.records)
    assert refused.startswith(f"model=a version=1 not loaded: {dangling} cannot be read")
    assert available.startswith("model=a version=1 available")
