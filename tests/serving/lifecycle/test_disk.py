"""serving.lifecycle.disk, in a catalogue: what its folders say, and what they cannot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.lifecycle.catalogue import Catalogue
from tests.serving.lifecycle.conftest import Make, Model, serves, states


def test_zero_padded_folder_is_that_number(catalogue: Catalogue, model: Make) -> None:
    catalogue.apply([model("a", "0007")])
    assert serves(catalogue, "a") == 7


def test_nothing_is_loaded_twice(catalogue: Catalogue, model: Make, loaded: list[Model]) -> None:
    config = model("a", "1")
    catalogue.apply([config])
    catalogue.apply([config])
    catalogue.poll()
    assert len(loaded) == 1


def test_broken_model_is_tried_again_once_its_files_change(
    catalogue: Catalogue, model: Make, tmp_path: Path, loaded: list[Model]
) -> None:
    broken = model("a", "1")
    (tmp_path / "a" / "1" / "broken").touch()
    catalogue.apply([broken])
    catalogue.apply([broken])
    assert len(loaded) == 1
    (tmp_path / "a" / "1" / "broken").unlink()
    (tmp_path / "a" / "1" / "whole").touch()
    catalogue.poll()
    assert serves(catalogue, "a") == 1


def test_loaded_model_goes_on_when_its_files_become_unreadable(
    catalogue: Catalogue, model: Make, tmp_path: Path
) -> None:
    config = model("a", "1")
    catalogue.apply([config])
    (tmp_path / "a" / "1" / "variables").symlink_to("/nowhere")
    catalogue.apply([config])
    assert serves(catalogue, "a") == 1


def test_loaded_model_goes_on_when_its_folder_goes_away(
    catalogue: Catalogue, model: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = model("a", "1")
    catalogue.apply([config])
    (tmp_path / "a").rename(tmp_path / "elsewhere")
    catalogue.poll()
    catalogue.poll()
    assert serves(catalogue, "a") == 1
    assert [record.message.split(",")[0] for record in caplog.records] == [
        "model=a folder not listed"
    ]


def test_folder_without_versions_ends_what_it_had(
    catalogue: Catalogue, model: Make, tmp_path: Path
) -> None:
    config = model("a", "1")
    catalogue.apply([config])
    (tmp_path / "a" / "1").rmdir()
    catalogue.poll()
    assert states(catalogue, "a") == [(1, "END")]


def test_folder_that_cannot_be_listed_leaves_its_model_as_it_was(
    catalogue: Catalogue, model: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configs = [model("a", "1"), model("b", "1")]
    catalogue.apply(configs)
    list_folder = Path.iterdir

    def iterdir(path: Path) -> Iterator[Path]:
        if path.name == "a":
            raise PermissionError(13, "Permission denied", str(path))
        return list_folder(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    model("b", "2")
    catalogue.apply(configs)
    assert serves(catalogue, "a") == 1
    assert serves(catalogue, "b") == 2
