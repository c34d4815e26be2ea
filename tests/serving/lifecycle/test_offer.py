"""serving.lifecycle.offer: which versions lie in a folder, and which are served."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from serving.lifecycle import record
from serving.lifecycle.config import ModelConfig, VersionPolicy
from serving.lifecycle.offer import look


def model(
    base: Path, *folders: str, platform: str = "tensorflow", version: str = ""
) -> ModelConfig:
    for name in folders:
        (base / name).mkdir(parents=True)
    return ModelConfig(name="m", base_path=base, platform=platform, version=version)


def test_numbers_are_versions_zeros_before_them_or_not(tmp_path: Path) -> None:
    found = look(model(tmp_path, "1", "0002", "ten", ".git"))
    assert (sorted(found.paths), found.chosen()) == ([1, 2], [2])


def test_version_asked_for_by_number_is_the_one_served(tmp_path: Path) -> None:
    assert look(model(tmp_path, "1", "2", version="1")).chosen() == [1]
    assert look(ModelConfig(name="m", base_path=tmp_path, version="0001")).chosen() == [1]
    assert look(ModelConfig(name="m", base_path=tmp_path, version="7")).chosen() == []


def test_folder_named_by_a_label_is_given_the_next_number(tmp_path: Path) -> None:
    found = look(model(tmp_path, "1", "v0.1.0", version="v0.1.0"))
    assert found.paths[2] == tmp_path / "v0.1.0"
    assert (found.labels, found.chosen()) == ({"v0.1.0": 2}, [2])
    (change,) = record.read(tmp_path)
    assert (change.action, change.version, change.label, change.by) == (
        "label",
        2,
        "v0.1.0",
        "config",
    )


def test_label_stays_with_its_number_and_the_next_one_is_another(tmp_path: Path) -> None:
    look(model(tmp_path, "v1", version="v1"))
    assert look(model(tmp_path, "v2", version="v2")).chosen() == [2]
    assert look(ModelConfig(name="m", base_path=tmp_path, version="v1")).chosen() == [1]
    assert look(ModelConfig(name="m", base_path=tmp_path)).labels == {"v1": 1, "v2": 2}


def test_label_without_a_folder_is_for_the_highest_version_there_is(tmp_path: Path) -> None:
    labelled = model(tmp_path, "1", "2", version="v0.1.0")
    assert look(labelled).chosen() == [2]
    (tmp_path / "3").mkdir()
    assert look(labelled).chosen() == [2]  # what was asked for by that label


def test_label_of_nothing_is_given_no_number_yet(tmp_path: Path) -> None:
    labelled = model(tmp_path, version="v1")
    assert (look(labelled).paths, record.read(tmp_path)) == ({}, [])
    (tmp_path / "1").mkdir()
    assert look(labelled).labels == {"v1": 1}


def test_number_of_a_label_can_be_told_before_it_is_recorded(tmp_path: Path) -> None:
    labelled = model(tmp_path, "1", "v0.1.0", version="v0.1.0")
    assert look(labelled, assign=False).chosen() == [2]
    assert record.read(tmp_path) == []


def test_model_of_another_framework_needs_no_folder_for_its_version(tmp_path: Path) -> None:
    (tmp_path / "model.joblib").touch()
    found = look(model(tmp_path, platform="scikitlearn", version="v0.1.0"))
    assert (found.paths, found.labels) == ({1: tmp_path}, {"v0.1.0": 1})
    (tmp_path / "7").mkdir()  # then folders count
    assert look(ModelConfig(name="m", base_path=tmp_path, platform="scikitlearn")).chosen() == [7]


def test_model_may_be_one_file_whose_record_lies_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "iris.onnx"
    file.touch()
    found = look(ModelConfig(name="m", base_path=file, platform="onnx", version="v1"))
    assert (found.paths, found.chosen()) == ({1: file}, [1])
    assert (tmp_path / ".iris.onnx.versions.jsonl").exists()


def test_saved_model_needs_its_version(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").touch()
    assert look(model(tmp_path)).paths == {}


def test_folder_that_cannot_be_written_has_numbers_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_folder: Path) -> Path:
        return Path("/proc/no/such/place")

    monkeypatch.setattr(record, "place", refuse)
    labelled = model(tmp_path, "1", "2", version="v1")
    with caplog.at_level(logging.WARNING):
        assert [look(labelled).chosen(), look(labelled).chosen()] == [[2], [2]]
    assert caplog.text.count("the number of its version is not recorded") == 1


def test_policy_chooses_where_nothing_is_asked_for(tmp_path: Path) -> None:
    model(tmp_path, "1", "2", "3")
    every = VersionPolicy(latest=None)
    assert look(ModelConfig(name="m", base_path=tmp_path, policy=every)).chosen() == [3, 2, 1]
