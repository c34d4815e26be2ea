"""serving.lifecycle.record: the file of what has been decided about versions."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from serving.lifecycle import record
from serving.lifecycle.record import Change, Decisions, RecordError, decide


def change(action: str, version: int | None, label: str = "") -> Change:
    return Change(when="2026-11-28", action=action, version=version, by="test", label=label)


def write(folder: Path, *changes: Change) -> None:
    for each in changes:
        with record.alone(folder) as file:
            record.append(file, each)


def test_what_is_written_is_read_in_its_order(tmp_path: Path) -> None:
    changes = [change("label", 1, "v1"), change("online", 1), change("unpin", None)]
    write(tmp_path, *changes)
    assert record.read(tmp_path) == changes
    assert len((tmp_path / record.NAME).read_text().splitlines()) == 3


def test_no_file_is_no_change(tmp_path: Path) -> None:
    assert record.read(tmp_path) == []


@pytest.mark.parametrize(
    ("changes", "decisions"),
    [
        ([], Decisions()),
        ([change("online", 1)], Decisions(online=frozenset({1}))),
        ([change("online", 1), change("offline", 1)], Decisions(offline=frozenset({1}))),
        ([change("offline", 1), change("online", 1)], Decisions(online=frozenset({1}))),
        ([change("pin", 1), change("pin", 2)], Decisions(pinned=2)),
        ([change("pin", 1), change("unpin", None)], Decisions()),
        ([change("offline", 1), change("pin", 1)], Decisions(pinned=1)),
        ([change("rollback", 1)], Decisions(pinned=1)),
        ([change("label", 4, "v1")], Decisions(labels={"v1": 4})),
    ],
)
def test_the_last_word_counts(changes: list[Change], decisions: Decisions) -> None:
    assert decide(changes) == decisions


GOOD = json.dumps(record.as_json(change("online", 1)))


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "[]",
        "{}",
        GOOD.replace("online", "delete"),
        GOOD.replace("1,", '"1",'),
        GOOD.replace("1,", "true,"),
        GOOD.replace('"label": ""', '"label": "../../etc"'),
        GOOD.replace('"label": ""', '"label": []'),
        GOOD.replace('"by": "test"', '"by": 3'),
        GOOD.replace("}", ', "more": 1}'),
        "[" * 100_000,
    ],
)
def test_line_that_is_no_change_is_shown(tmp_path: Path, line: str) -> None:
    (tmp_path / record.NAME).write_text(f"{GOOD}\n{line}\n{GOOD}\n")
    with pytest.raises(RecordError, match=rf"{record.NAME}:2: expected one change in JSON"):
        record.read(tmp_path)


def test_line_that_was_begun_when_the_disk_was_full_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / record.NAME
    path.write_text(f"{GOOD}\n{GOOD[:20]}")
    assert record.read(tmp_path) == [change("online", 1)]
    write(tmp_path, change("online", 2))
    assert [each.version for each in record.read(tmp_path)] == [1, 2]


def test_last_line_that_a_person_did_not_end_counts(tmp_path: Path) -> None:
    (tmp_path / record.NAME).write_text(GOOD)
    assert record.read(tmp_path) == [change("online", 1)]
    write(tmp_path, change("online", 2))
    assert [each.version for each in record.read(tmp_path)] == [1, 2]


def test_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / record.NAME).mkdir()
    with pytest.raises(RecordError, match="cannot be read"):
        record.read(tmp_path)
    with pytest.raises(RecordError, match="cannot be written: Is a directory; whoever runs this"):
        write(tmp_path, change("online", 1))


WRITER = """
import sys
from pathlib import Path
from serving.lifecycle import record
for number in range(50):
    change = record.Change(when="", action="online", version=number, by="test")
    with record.alone(Path(sys.argv[1])) as file:
        record.append(file, change)
"""


def test_servers_of_one_folder_lose_nothing_of_each_other(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [subprocess.Popen(command, cwd=Path(__file__).parents[3]) for _ in range(3)]
    assert [each.wait(60) for each in writers] == [0, 0, 0]
    assert len(record.read(tmp_path)) == 150
