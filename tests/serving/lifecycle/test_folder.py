"""serving.lifecycle.folder: what lies in a model's folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from serving.lifecycle import folder


@pytest.fixture
def version(tmp_path: Path) -> Path:
    path = tmp_path / "model" / "1"
    (path / "variables").mkdir(parents=True)
    (path / "variables" / "data").write_text("1")
    return path


def test_versions_are_the_folders_named_by_numbers(version: Path) -> None:
    base = version.parent
    (base / "0012").mkdir()
    (base / "notes").mkdir()
    (base / "3").touch()
    (base / "4").symlink_to("/nowhere")
    assert folder.versions(base) == {1: base / "1", 12: base / "0012"}


def test_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        folder.versions(tmp_path / "none")


def test_number_beyond_int64_is_no_version(version: Path) -> None:
    (version.parent / str(2**63)).mkdir()
    assert folder.versions(version.parent) == {1: version}


def test_files_tell_of_every_change(version: Path) -> None:
    seen = {folder.files(version)}
    (version / "saved_model.pb").touch()
    seen.add(folder.files(version))
    (version / "saved_model.pb").unlink()
    seen.add(folder.files(version))
    shutil.copytree(version, version / "copy")
    seen.add(folder.files(version))
    assert len(seen) == 4
    assert folder.files(version) in seen


def test_older_file_in_place_of_another_is_a_change(version: Path) -> None:
    before = folder.files(version)
    older = version.parent / "older"
    older.write_text("2")
    os.utime(older, (1, 1))
    older.rename(version / "variables" / "data")
    assert folder.files(version) != before


def test_permission_given_is_a_change(version: Path) -> None:
    (version / "variables" / "data").chmod(0)
    before = folder.files(version)
    (version / "variables" / "data").chmod(0o644)
    assert folder.files(version) != before


def test_what_cannot_be_read_is_named(version: Path) -> None:
    (version / "variables" / "index").symlink_to("/nowhere")
    assert folder.unreadable(folder.files(version)) == [version / "variables" / "index"]
    assert folder.unreadable(folder.files(version / "gone")) == [version / "gone"]


def test_folder_that_vanishes_while_it_is_read_is_named(
    version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("variables"):
            raise FileNotFoundError(2, "No such file or directory", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert folder.unreadable(folder.files(version)) == [version / "variables"]
