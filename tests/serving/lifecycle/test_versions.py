"""serving.lifecycle.versions: put online and offline, pinned, rolled back; and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from serving.errors import FailedPrecondition, InvalidArgument, NotFound, ServingError
from serving.lifecycle import record
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.offer import look
from serving.lifecycle.versions import change, number_of

Act = Callable[..., list[int]]


@pytest.fixture
def config(tmp_path: Path) -> ModelConfig:
    for name in ("1", "2", "3"):
        (tmp_path / name).mkdir()
    return ModelConfig(name="m", base_path=tmp_path, labels={"stable": 1})


@pytest.fixture
def act(config: ModelConfig) -> Act:
    """Make changes, "online 1"; return what is served then."""

    def make(*words: str) -> list[int]:
        for each in words:
            action, _, version = each.partition(" ")
            change(config, action, version, "test")
        return look(config).chosen()

    return make


@pytest.mark.parametrize(
    ("words", "served"),
    [
        ([], [3]),
        (["online 1"], [3, 1]),
        (["online 0001"], [3, 1]),
        (["online stable"], [3, 1]),  # a label of the config
        (["online 1", "offline 1"], [3]),
        (["offline 3"], [2]),
        (["offline 3", "offline 2", "offline 1"], []),
        (["offline 3", "online 3"], [3]),
        (["pin 1"], [1]),
        (["online 2", "pin 1"], [1]),
        (["pin 1", "unpin"], [3]),
        (["pin 1", "pin 2"], [2]),
        (["offline 1", "pin 1"], [1]),
        (["rollback"], [2]),
        (["rollback", "rollback"], [1]),
        (["rollback", "unpin"], [3]),
        (["offline 2", "rollback"], [1]),
    ],
)
def test_changes(act: Act, words: list[str], served: list[int]) -> None:
    assert act(*words) == served


def test_each_change_is_recorded_with_who_and_when(act: Act, config: ModelConfig) -> None:
    act("online 1", "rollback", "unpin")
    found = [(each.action, each.version, each.by) for each in record.read(config.base_path)]
    assert found == [("online", 1, "test"), ("rollback", 2, "test"), ("unpin", None, "test")]
    assert all(each.when.endswith("+00:00") for each in record.read(config.base_path))


@pytest.mark.parametrize(
    ("before", "words", "kind", "message"),
    [
        ([], "delete 1", InvalidArgument, "unknown action delete; expected: online, offline, pin"),
        ([], "online", InvalidArgument, "online needs a version"),
        ([], "unpin 1", InvalidArgument, "unpin takes no version"),
        ([], "online 7", NotFound, "model m has no version 7; there are: 1, 2, 3"),
        ([], "pin v1", NotFound, "model m has no version v1; there are: 1, 2, 3"),
        ([], "pin ../1", NotFound, r"model m has no version \.\./1; there are"),
        ([], f"pin {'9' * 5000}", NotFound, "model m has no version 999"),
        (["pin 1"], "offline 1", FailedPrecondition, "version 1 is pinned: unpin it, or pin ano"),
        (["pin 1"], "online 2", FailedPrecondition, "version 1 is pinned, no other is served"),
        ([], "unpin", FailedPrecondition, "no version is pinned"),
        (["pin 1"], "rollback", FailedPrecondition, "no version before 1 to go back to"),
        (
            ["offline 1", "offline 2", "offline 3"],
            "rollback",
            FailedPrecondition,
            "no version of model m is served",
        ),
    ],
)
def test_what_cannot_be_is_refused_and_not_recorded(
    act: Act,
    config: ModelConfig,
    before: list[str],
    words: str,
    kind: type[ServingError],
    message: str,
) -> None:
    act(*before)
    with pytest.raises(kind, match=message):
        act(words)
    assert len(record.read(config.base_path)) == len(before)


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FailedPrecondition, match="No such file or directory"):
        change(ModelConfig(name="m", base_path=tmp_path / "none"), "online", "1", "test")


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1), ("0001", 1), ("0", 0), ("000", 0), ("v1", None), ("", None), ("-1", None)],
)
def test_number_of_a_text(text: str, number: int | None) -> None:
    assert number_of(text) == number


def test_no_number_is_longer_than_one_can_be() -> None:
    assert number_of("9" * 19) == 10**19 - 1
    assert number_of("9" * 20) is None
    assert number_of("0" * 100 + "7") == 7
