"""What has been decided about a model's versions: lines of JSON in a file among them.

Each decision is a line, so that the file is also the history. Servers of one folder share it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import fcntl
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

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
    return [_change(path, number, line) for number, line in enumerate(text.splitlines(), 1)]


def _change(path: Path, number: int, line: str) -> Change:
    try:
        found = Change(**json.loads(line))
    except (ValueError, TypeError):
        found = None
    version = found.version if found else None
    if found is None or found.action not in ACTIONS or not isinstance(version, int | None):
        raise RecordError(f"{path}:{number}: expected one change in JSON; mend or remove the line")
    return found


@contextlib.contextmanager
def alone(base_path: Path) -> Iterator[IO[str]]:
    """Give the record, to be read and then written to while no other process writes."""
    path = place(base_path)
    try:
        with path.open("a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
    except OSError as error:
        raise RecordError(
            f"{path}: cannot be written: {error.strerror}; whoever runs this needs to be allowed to"
        ) from None


def append(file: IO[str], change: Change) -> None:
    """Add a change to a record that alone() gave."""
    file.write(json.dumps(as_json(change), ensure_ascii=False) + "\n")


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
