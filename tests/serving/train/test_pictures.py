"""serving.train.pictures: pictures that the demo classifier has never seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.train.pictures import main


@pytest.mark.parametrize("arguments", [[], ["a", "b"]])
def test_folder_is_asked_for(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert capsys.readouterr().err == "usage: python -m serving.train.pictures FOLDER\n"
    assert list(tmp_path.iterdir()) == []
