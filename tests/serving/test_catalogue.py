"""serving.lifecycle.catalogue, with stand-ins for models."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from serving.errors import NotFound
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig, VersionPolicy
from serving.protocol.json_tensor import Array
from serving.protocol.signature import Signature


@dataclasses.dataclass
class Model:
    """Knows its folder."""

    path: Path
    signatures: Mapping[str, Signature] = dataclasses.field(default_factory=dict)

    def run(self, _signature: str, _inputs: Mapping[str, Array]) -> dict[str, Array]:
        return {}


@pytest.fixture
def loaded() -> list[Path]:
    return []


@pytest.fixture
def catalogue(loaded: list[Path]) -> Catalogue:
    def load(path: Path) -> Model:
        loaded.append(path)
        if (path / "broken").exists():
            raise ValueError("no model in there")
        return Model(path)

    return Catalogue(load)


Make = Callable[..., ModelConfig]


@pytest.fixture
def model(tmp_path: Path) -> Make:
    def make(name: str, *versions: str, policy: VersionPolicy | None = None) -> ModelConfig:
        for version in versions:
            (tmp_path / name / version).mkdir(parents=True, exist_ok=True)
        base = tmp_path / name
        return ModelConfig(name=name, base_path=base, policy=policy or VersionPolicy())

    return make


def test_highest_version_is_served(catalogue: Catalogue, model: Make) -> None:
    catalogue.apply([model("a", "2", "10", "notes")])
    number, servable = catalogue.find("a")
    assert (number, servable.path.name) == (10, "10")  # type: ignore[attr-defined]
    with pytest.raises(NotFound, match=r"Specific\(a, 2\)"):
        catalogue.find("a", 2)


def test_every_version_is_served_where_the_policy_says_so(
    catalogue: Catalogue, model: Make
) -> None:
    catalogue.apply([model("a", "1", "2", policy=VersionPolicy(latest=None))])
    assert [version.number for version in catalogue.versions("a")] == [2, 1]
    assert catalogue.find("a", 1)[0] == 1


def test_zero_padded_folder_is_that_number(catalogue: Catalogue, model: Make) -> None:
    catalogue.apply([model("a", "0007")])
    assert catalogue.find("a")[0] == 7


def test_nothing_is_loaded_twice(catalogue: Catalogue, model: Make, loaded: list[Path]) -> None:
    config = model("a", "1")
    catalogue.apply([config])
    catalogue.apply([config])
    assert len(loaded) == 1


def test_model_no_longer_named_is_gone(catalogue: Catalogue, model: Make) -> None:
    catalogue.apply([model("a", "1"), model("b", "1")])
    catalogue.apply([model("b", "1")])
    with pytest.raises(NotFound):
        catalogue.find("a")
    assert catalogue.find("b")[0] == 1


def test_broken_model_is_reported_and_the_others_are_served(
    catalogue: Catalogue, model: Make, tmp_path: Path
) -> None:
    broken = model("a", "1")
    (tmp_path / "a" / "1" / "broken").touch()
    catalogue.apply([broken, model("b", "1")])
    (version,) = catalogue.versions("a")
    assert (version.state, str(version.error)) == ("END", "ValueError('no model in there')")
    assert catalogue.find("b")[0] == 1


def test_broken_model_is_tried_again_once_its_files_change(
    catalogue: Catalogue, model: Make, tmp_path: Path, loaded: list[Path]
) -> None:
    broken = model("a", "1")
    (tmp_path / "a" / "1" / "broken").touch()
    catalogue.apply([broken])
    catalogue.apply([broken])
    assert len(loaded) == 1
    (tmp_path / "a" / "1" / "broken").unlink()
    (tmp_path / "a" / "1" / "whole").touch()
    catalogue.apply([broken])
    assert catalogue.find("a")[0] == 1


def test_unreadable_file_is_the_error_of_its_model_alone(
    catalogue: Catalogue, model: Make, tmp_path: Path, loaded: list[Path]
) -> None:
    configs = [model("a", "1"), model("b", "1")]
    dangling = tmp_path / "a" / "1" / "variables"
    dangling.symlink_to(tmp_path / "later")
    catalogue.apply(configs)
    (version,) = catalogue.versions("a")
    assert (version.state, version.error and version.error.code) == ("END", "UNAVAILABLE")
    assert f"{dangling} cannot be read" in str(version.error)
    assert catalogue.find("b")[0] == 1
    (tmp_path / "later").touch()
    catalogue.apply(configs)
    assert catalogue.find("a")[0] == 1
    assert len(loaded) == 2


def test_unreadable_file_is_told_once(
    catalogue: Catalogue, model: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    config = model("a", "1")
    (tmp_path / "a" / "1" / "variables").symlink_to("/nowhere")
    catalogue.apply([config])
    catalogue.apply([config])
    (tmp_path / "a" / "1" / "variables").unlink()
    catalogue.apply([config])
    refused, available = (record.message for record in caplog.records)
    assert refused.startswith("model=a version=1 not loaded: ")
    assert available == "model=a version=1 available"


def test_loaded_model_goes_on_when_its_files_become_unreadable(
    catalogue: Catalogue, model: Make, tmp_path: Path
) -> None:
    config = model("a", "1")
    catalogue.apply([config])
    (tmp_path / "a" / "1" / "variables").symlink_to("/nowhere")
    catalogue.apply([config])
    assert catalogue.find("a")[0] == 1


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
    assert catalogue.find("a")[0] == 1
    assert catalogue.find("b")[0] == 2


def test_old_version_answers_while_the_new_one_is_half_copied(
    catalogue: Catalogue, model: Make, tmp_path: Path
) -> None:
    catalogue.apply([model("a", "1")])
    config = model("a", "2")
    half = tmp_path / "a" / "2" / "variables"
    half.symlink_to("/nowhere")
    catalogue.apply([config])
    catalogue.apply([config])
    assert catalogue.find("a")[0] == 1
    states = [(version.number, version.state) for version in catalogue.versions("a")]
    assert states == [(2, "END"), (1, "AVAILABLE")]
    half.unlink()
    catalogue.apply([config])
    assert [version.number for version in catalogue.versions("a")] == [2]


def test_old_version_answers_until_the_new_one_can(model: Make, tmp_path: Path) -> None:
    loading, go_on = threading.Event(), threading.Event()

    def load(path: Path) -> Model:
        if path.name == "2":
            loading.set()
            go_on.wait(10)
        return Model(path)

    catalogue, config = Catalogue(load), model("a", "1")
    catalogue.apply([config])
    (tmp_path / "a" / "2").mkdir()
    swap = threading.Thread(target=catalogue.apply, args=([config],))
    swap.start()
    assert loading.wait(10)
    assert catalogue.find("a")[0] == 1
    assert [version.state for version in catalogue.versions("a")] == ["LOADING", "AVAILABLE"]
    go_on.set()
    swap.join(10)
    assert catalogue.find("a")[0] == 2
    assert [version.number for version in catalogue.versions("a")] == [2]
