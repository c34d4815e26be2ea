"""serving.simple.command: `python -m serving versions`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from serving.lifecycle import record
from serving.simple.command import main

ROOT = Path(__file__).parents[3]
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for name in ("1", "2"):
        (tmp_path / "model" / name).mkdir(parents=True)
    return tmp_path / "model"


def run(base: Path, *words: str) -> int:
    return main([f"--model_base_path={base}", "--model_name=m", *words])


def test_list_is_what_there_is(base: Path, capsys: Captured) -> None:
    assert run(base) == 0
    assert capsys.readouterr().out == "m version 2: online\nm version 1: offline\n"


def test_change_is_made_shown_and_recorded(base: Path, capsys: Captured) -> None:
    assert run(base, "pin", "1") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split(" by ")[0].endswith(" pin 1")
    assert lines[1:3] == ["m version 2: offline", "m version 1: online, pinned"]
    assert lines[3] == f"  {lines[0]}"
    (change,) = record.read(base)
    assert change.by.startswith("command, ")


def test_folder_named_by_a_label_is_listed_with_its_number(base: Path, capsys: Captured) -> None:
    (base / "v0.1.0").mkdir()
    assert run(base, "--model_version=v0.1.0", "online", "v0.1.0") == 0
    assert "m version 3: online v0.1.0\n" in capsys.readouterr().out


def test_nothing_there(tmp_path: Path, capsys: Captured) -> None:
    assert run(tmp_path) == 0
    assert capsys.readouterr().out == f"m: no version in {tmp_path}\n"


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["online", "7"], 1, "versions: model m has no version 7; there are: 1, 2\n"),
        (["online"], 1, "versions: online needs a version\n"),
        (["online", "1", "2"], 1, "versions: model m has no version 1 2; there are: 1, 2\n"),
        (["remove", "1"], 1, "versions: unknown action remove; expected: list, online, offline,"),
        (["list", "1"], 1, "versions: list takes no version\n"),
        (["--model_base_pth=x"], 2, "versions: unknown argument: --model_base_pth=x\n  did you"),
        (["--model_platform=fortran"], 2, "versions: command line: Model m requests unsupported"),
        (["--model_version=../x"], 2, "versions: command line: version ../x: expected a number"),
    ],
)
def test_what_cannot_be_is_said(
    base: Path, words: list[str], status: int, said: str, capsys: Captured
) -> None:
    assert run(base, *words) == status
    assert capsys.readouterr().err.startswith(said)


def test_folder_that_is_not_there(tmp_path: Path, capsys: Captured) -> None:
    assert run(tmp_path / "none") == 1
    expected = "expected the model's folder, with its versions in it"
    said = f"versions: {tmp_path / 'none'}: No such file or directory; {expected}\n"
    assert capsys.readouterr().err == said


def test_model_of_a_config_is_chosen_by_its_name(
    base: Path, tmp_path: Path, capsys: Captured
) -> None:
    models = [{"name": name, "base_path": str(base)} for name in ("My Model", "other")]
    config = tmp_path / "models.json"
    config.write_text(json.dumps({"model_config_list": models}))
    flag = f"--model_config_file={config}"
    assert main([flag, "--model_name=My Model", "offline", "2"]) == 0
    assert "My Model version 2: offline\n" in capsys.readouterr().out
    assert main([flag]) == 2
    expected = (
        "versions: --model_name=default: expected one of the config's models: My Model, other"
    )
    assert capsys.readouterr().err == f"{expected}\n"


def test_as_a_program(base: Path) -> None:
    command = [sys.executable, "-m", "serving", "versions", f"--model_base_path={base}"]
    told = subprocess.check_output([*command, "rollback"], text=True, cwd=ROOT)
    assert "default version 1: online, pinned" in told
    told = subprocess.check_output([*command, "--help"], text=True, cwd=ROOT)
    assert told.startswith("usage: python -m serving versions")
