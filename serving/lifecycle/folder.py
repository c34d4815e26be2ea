"""What lies in a model's folder: its versions, and whether the files of one have changed."""

from __future__ import annotations

import os
from pathlib import Path

# Every file and folder with the moment of its last change, in nanoseconds since 1970; None where it
# cannot be read. A change of permissions counts, and an older file in place of a newer one.
Files = frozenset[tuple[Path, int | None]]
_LARGEST = 2**63 - 1  # version numbers are int64


def versions(base_path: Path) -> dict[int, Path]:
    """Return the version folders by their numbers; raise OSError where base_path is unreadable."""
    return {
        int(path.name): path
        for path in sorted(base_path.iterdir())
        if path.name.isdecimal() and int(path.name) <= _LARGEST and path.is_dir()
    }


def files(version: Path) -> Files:
    """Return the version's files as they are now; they may come and go meanwhile."""
    if version.is_file():
        return frozenset([(version, _changed(version))])
    unlisted: list[OSError] = []
    found = [
        Path(folder, name)
        for folder, folders, names in os.walk(version, onerror=unlisted.append)
        for name in (*folders, *names)
    ]
    changes = [(path, _changed(path)) for path in (version, *found)]
    return frozenset([*changes, *((Path(error.filename), None) for error in unlisted)])


def _changed(path: Path) -> int | None:
    try:
        return path.stat().st_ctime_ns
    except OSError:
        return None


def unreadable(found: Files) -> list[Path]:
    """Return those of files that cannot be read, in order."""
    return sorted({path for path, changed in found if changed is None})
