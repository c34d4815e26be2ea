"""serving.lifecycle.follow: the thread that keeps the models up, and the file that it follows."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from serving.errors import FailedPrecondition
from serving.flags import Flags
from serving.lifecycle import follow
from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.follow import ConfigFile, keep_up


class Stop(BaseException):
    """Ends a loop that has no end."""


class Recorder(Catalogue):
    """Writes down what it is told to do, and does not like all of it."""

    def __init__(self, *outcomes: BaseException | None) -> None:
        self.calls: list[str] = []
        self._outcomes = list(outcomes)

    def _record(self, call: str) -> None:
        self.calls.append(call)
        outcome = self._outcomes.pop(0) if self._outcomes else None
        if outcome is not None:
            raise outcome

    def apply(self, configs: Sequence[ModelConfig]) -> None:
        self._record(f"apply {','.join(config.name for config in configs)}")

    def poll(self) -> None:
        self._record("poll")

    def retry(self) -> None:
        self._record("retry")


def text(name: str) -> str:
    entry = f'name: "{name}" base_path: "/m" model_platform: "tensorflow"'
    return f"model_config_list {{ config {{ {entry} }} }}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "models.config"


def test_disk_and_file_are_looked_at_again_and_again(path: Path) -> None:
    path.write_text(text("new"))
    catalogue = Recorder(None, None, None, None, None, Stop())
    flags = Flags(file_system_poll_wait_seconds=0.001, model_config_file_poll_wait_seconds=0.001)
    with pytest.raises(Stop):
        keep_up(catalogue, [], ConfigFile(path, ""), flags, threading.Event())
    assert catalogue.calls == ["apply ", "poll", "apply new", "retry", "poll", "retry"]


def test_disk_is_looked_at_once_where_polling_is_off(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "_TICK", 0.001)
    catalogue = Recorder(None, None, None, Stop())
    flags = Flags(file_system_poll_wait_seconds=0)
    with pytest.raises(Stop):
        keep_up(catalogue, [], ConfigFile(path, ""), flags, threading.Event())
    assert catalogue.calls == ["apply ", "retry", "retry", "retry"]


def test_nothing_unexpected_ends_the_loop(caplog: pytest.LogCaptureFixture) -> None:
    surprise = RuntimeError("nobody thought of this")
    catalogue = Recorder(surprise, surprise, surprise, None, Stop())
    flags, tried = Flags(file_system_poll_wait_seconds=0.001), threading.Event()
    with pytest.raises(Stop):
        keep_up(catalogue, [], None, flags, tried)
    assert tried.is_set()
    assert catalogue.calls == ["apply ", "poll", "retry", "poll", "retry"]
    assert [record.exc_info is not None for record in caplog.records] == [True] * 3


def test_file_that_has_not_changed_is_not_applied_again(path: Path) -> None:
    path.write_text(text("m"))
    catalogue, file = Recorder(), ConfigFile(path, text("m"))
    file.follow(catalogue)
    assert catalogue.calls == []
    path.write_text(text("other"))
    file.follow(catalogue)
    file.follow(catalogue)
    assert catalogue.calls == ["apply other"]


@pytest.mark.parametrize("content", [b"\xff", b"model_config_list {", None])
def test_file_that_cannot_be_read_is_told_once_and_changes_nothing(
    path: Path, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    if content is not None:
        path.write_bytes(content)
    catalogue, file = Recorder(), ConfigFile(path, text("m"))
    file.follow(catalogue)
    file.follow(catalogue)
    assert catalogue.calls == []
    (record,) = caplog.records
    assert record.message.startswith(f"config file not applied, the models stay the same: {path}:")


def test_file_that_is_refused_is_tried_until_it_is_taken(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_text(text("m"))
    refusal = FailedPrecondition("Request to assign label …")
    catalogue, file = Recorder(refusal, refusal), ConfigFile(path, "")
    for _ in range(4):
        file.follow(catalogue)
    assert catalogue.calls == ["apply m"] * 3
    assert len(caplog.records) == 1
