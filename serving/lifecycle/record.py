"""What has been decided about a model's versions: lines of JSON in a file among them.

Each decision is a line, so that the file is also the history. Servers of one folder share it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import fcntl
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from serving.lifecycle.json_config import WrongJson, version

NAME = ".versions.jsonl"
ACTIONS = ("label", "online", "offline", "pin", "unpin", "rollback")


class RecordError(Exception):
    """The file cannot be understood or written; the text says where and why."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One decision."""

    when: str  # UTC, ISO 8601, to the second
    action: str  # one of ACTIONS
    version: int | None  # None for unpin
    by: str  # who, and how they asked
    label: str = ""  # that the version was given


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What holds after all changes."""

    online: frozenset[int] = frozenset()  # whatever the policy says
    offline: frozenset[int] = frozenset()
    pinned: int | None = None  # if any, nothing but this
    labels: Mapping[str, int] = dataclasses.field(default_factory=dict)  # version by label

    def touch(self, versions: Collection[int]) -> bool:
        """Return whether they keep one of these versions from being served."""
        return self.pinned is not None or not self.offline.isdisjoint(versions)


def place(base_path: Path) -> Path:
    """Return where the record of the model there lies: in its folder, or beside its one file."""
    if base_path.is_file():
        return base_path.with_name(f".{base_path.name}{NAME}")
    return base_path / NAME


def now() -> str:
    """Return the moment as changes have it."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def read(base_path: Path) -> list[Change]:
    """Return all changes, the oldest first; raise RecordError."""
    path = place(base_path)
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{path}: cannot be read: {error}") from None
    return [
        _change(path, number, line)
        for number, line in enumerate(text.splitlines(keepends=True), 1)
        if line.endswith("\n") or _parsed(line)
    ]


def _parsed(line: str) -> Change | None:
    """Return the change that the line says; None where it says none."""
    try:
        found = Change(**json.loads(line))
        version(found.label)  # which may name a folder
    except (ValueError, TypeError, RecursionError, WrongJson):
        return None
    texts = all(isinstance(each, str) for each in (found.when, found.by))
    number = found.version is None or type(found.version) is int  # no bool
    return found if texts and number and found.action in ACTIONS else None


def _change(path: Path, number: int, line: str) -> Change:
    found = _parsed(line)
    if found is None:
        raise RecordError(f"{path}:{number}: expected one change in JSON; mend or remove the line")
    return found


@contextlib.contextmanager
def alone(base_path: Path) -> Iterator[IO[str]]:
    """Give the record, to be read and then written to while no other process writes."""
    path = place(base_path)
    try:
        with path.open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            _mend(file)
            yield file
    except OSError as error:
        raise RecordError(
            f"{path}: cannot be written: {error.strerror}; whoever runs this needs to be allowed to"
        ) from None


def _mend(file: IO[str]) -> None:
    """End the last line, or take away what was begun of one when the disk was full."""
    file.seek(0)
    text = file.read()
    last = text.rpartition("\n")[2]
    if _parsed(last):
        file.write("\n")
    elif last:
        file.truncate(len(text.removesuffix(last).encode()))


def append(file: IO[str], change: Change) -> None:
    """Add a change to a record that alone() gave."""
    file.write(json.dumps(as_json(change)) + "\n")


def as_json(change: Change) -> dict[str, Any]:
    """Return the change as its line says it."""
    found: dict[str, Any] = dataclasses.asdict(change)
    return found


def decide(changes: Sequence[Change]) -> Decisions:
    """Return what holds after these changes."""
    online: set[int] = set()
    offline: set[int] = set()
    pinned: int | None = None
    labels: dict[str, int] = {}
    for change in changes:
        number = change.version
        if change.action in {"unpin", "pin", "rollback"}:
            pinned = number
        if number is None:
            continue
        if change.action == "label":
            labels[change.label] = number
        elif change.action == "offline":
            offline.add(number)
            online.discard(number)
        else:
            offline.discard(number)
        if change.action == "online":
            online.add(number)
    return Decisions(
        online=frozenset(online), offline=frozenset(offline), pinned=pinned, labels=labels
    )
