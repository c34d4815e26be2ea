"""serving.train.command with a stand-in for the quarter of an hour of training."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest

import serving.train
from serving.export.publish import ExportError
from serving.train import command, photographs

ARGUMENTS = ["demo", "--output"]


class Steps:
    """Takes the place of training, saving, judging and the photographs; notes what was there."""

    def __init__(self, models: Path) -> None:
        self.models = models
        self.fails_at = ""
        self.taken: list[str] = []
        self.seen: set[str] = set()

    def take(self, step: str) -> None:
        self.taken.append(step)
        self.seen.add(self.served())
        if step == self.fails_at:
            raise ExportError(f"{step} failed")

    def served(self) -> str:
        return (self.models / "demo" / "1" / "saved_model.pb").read_text()

    def load(self, part: str) -> None:
        self.take(f"fetch {part}")

    def train(self) -> str:
        self.take("train")
        return "new"

    def save(self, trained: str, base_path: Path, version: int) -> Path:
        self.take("save")
        folder = base_path / str(version)
        folder.mkdir(parents=True)
        (folder / "saved_model.pb").write_text(trained)
        return folder

    def write(self, model: Path, folder: Path) -> None:
        self.take("judge")
        (folder / "report.md").write_text(f"{model.parent.name} {model.name}")


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Steps:
    version = tmp_path / "demo" / "1"
    version.mkdir(parents=True)
    (version / "saved_model.pb").write_text("old")
    (tmp_path / "demo" / "report.md").write_text("old")
    steps = Steps(tmp_path)
    for name, attributes in {"demo": ("train", "save"), "report": ("write",)}.items():
        module = types.ModuleType(f"serving.train.{name}")
        vars(module).update({each: getattr(steps, each) for each in attributes})
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(serving.train, name, module, raising=False)
    monkeypatch.setattr(photographs, "load", steps.load)
    return steps


def test_new_model_takes_the_place_of_the_old_one_when_all_is_done(steps: Steps) -> None:
    assert command.main([*ARGUMENTS, str(steps.models)]) == 0
    assert steps.taken == ["fetch train", "fetch test", "train", "save", "judge"]
    assert steps.seen == {"old"}
    assert steps.served() == "new"
    assert (steps.models / "demo" / "report.md").read_text() == "demo 1"
    assert sorted(path.name for path in (steps.models / "demo").iterdir()) == ["1", "report.md"]


@pytest.mark.parametrize("step", ["fetch train", "fetch test", "train", "save", "judge"])
def test_failure_leaves_the_old_model_and_its_report(
    steps: Steps, step: str, capsys: pytest.CaptureFixture[str]
) -> None:
    steps.fails_at = step
    assert command.main([*ARGUMENTS, str(steps.models)]) == 1
    assert steps.served() == "old"
    assert (steps.models / "demo" / "report.md").read_text() == "old"
    assert sorted(path.name for path in (steps.models / "demo").iterdir()) == ["1", "report.md"]
    assert f"{step} failed" in capsys.readouterr().err


def test_first_model_needs_no_old_one(steps: Steps, tmp_path: Path) -> None:
    models = tmp_path / "elsewhere"
    assert command.main([*ARGUMENTS, str(models), "--version", "3"]) == 0
    assert (models / "demo" / "3" / "saved_model.pb").read_text() == "new"


def test_report_alone_touches_no_model(steps: Steps) -> None:
    assert command.main([*ARGUMENTS, str(steps.models), "--only-report"]) == 0
    assert steps.taken == ["judge"]
    assert (steps.models / "demo" / "report.md").read_text() == "demo 1"


def test_report_of_a_version_that_is_not_there(
    steps: Steps, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [*ARGUMENTS, str(steps.models), "--only-report", "--version", "9"]
    assert command.main(asked) == 1
    wanted = steps.models / "demo" / "9"
    assert capsys.readouterr().err == (
        f"train: there is no {wanted}; expected a version to judge: give another --version or "
        "--output, or leave out --only-report to make it\n"
    )


def test_help_tells_what_has_to_be_fetched(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["--help"])
    assert "apt-get download" in capsys.readouterr().out


def test_missing_package_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(photographs, "_CACHE", tmp_path)
    photographs._folder.cache_clear()
    with pytest.raises(photographs.PhotographsMissing) as caught:
        photographs._folder("debian:lxqt-themes")
    assert "lxqt-themes" in str(caught.value)
    assert "apt-get" in str(caught.value)
    assert str(tmp_path / "lxqt-themes") in str(caught.value)
