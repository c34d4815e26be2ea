"""The versions that a model's folder offers, and which of them are to be served.

A folder named by a number is a version: TensorFlow Serving's way. Simple TensorFlow Serving's
models of other frameworks lie in the folder itself, or are one file: such a one is given a number,
and so is a folder that is named by a version's label. Which number, is recorded.
"""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Mapping
from pathlib import Path

from serving.lifecycle import folder, record
from serving.lifecycle.config import ModelConfig, VersionPolicy
from serving.lifecycle.record import Change, Decisions, RecordError
from serving.platforms import files
from serving.platforms.platform import AUTO

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What there is, and what has been decided about it."""

    paths: Mapping[int, Path]  # by version
    labels: Mapping[str, int]  # version by label, as recorded
    decisions: Decisions
    policy: VersionPolicy

    def chosen(self) -> list[int]:
        """Return the versions to be served, highest first."""
        decided = self.decisions
        if decided.pinned is not None:
            return [decided.pinned] if decided.pinned in self.paths else []
        able = [number for number in self.paths if number not in decided.offline]
        return sorted({*self.policy.choose(able), *(decided.online & set(able))}, reverse=True)


def look(model: ModelConfig, *, assign: bool = True) -> Offer:
    """Return what the model's folder offers now; raise OSError or RecordError.

    assign: record the number that the model's label has from now on, where it had none yet.
    """
    base, asked = model.base_path, model.version
    numbered = {} if base.is_file() else folder.versions(base)
    decided = record.decide(record.read(base))
    labels = dict(decided.labels)
    if asked and not asked.isdecimal() and asked not in labels:
        labels.update(_assigned(model, numbered) if assign else _next(model, numbered, labels))
    named = {number: base / label for label, number in labels.items() if (base / label).is_dir()}
    paths = {**numbered, **named}
    if not paths and _is_bare(model):
        latest = max(labels.values(), default=1)
        paths = {int(asked) if asked.isdecimal() else labels.get(asked, latest): base}
    number = int(asked) if asked.isdecimal() else labels.get(asked)
    policy = model.policy if number is None else VersionPolicy(specific=(number,))
    return Offer(paths=paths, labels=labels, decisions=decided, policy=policy)


def _is_bare(model: ModelConfig) -> bool:
    """Return whether the model lies there itself, without a folder for its version."""
    base = model.base_path
    if model.platform == "tensorflow":  # TensorFlow Serving takes no such SavedModel
        return False
    if model.platform == AUTO:
        return files.tells_other(base)
    return base.is_file() or any(not each.name.startswith(".") for each in base.iterdir())


def _assigned(model: ModelConfig, numbered: Mapping[int, Path]) -> dict[str, int]:
    """Return the number of the version that the model's new label is for; {} if there is none."""
    label, base = model.version, model.base_path
    try:
        with record.alone(base) as file:
            known = record.decide(record.read(base)).labels  # another server may have been faster
            number = known.get(label) or _number(model, numbered, known)
            if number is not None and label not in known:
                change = Change(
                    when=record.now(), action="label", version=number, by="config", label=label
                )
                record.append(file, change)
    except RecordError as error:
        _warn(model.name, str(error))
        return _next(model, numbered, {})
    return {} if number is None else {label: number}


def _next(
    model: ModelConfig, numbered: Mapping[int, Path], labels: Mapping[str, int]
) -> dict[str, int]:
    """Return the number that the model's label would be given; {} if there is none."""
    number = _number(model, numbered, labels)
    return {} if number is None else {model.version: number}


def _number(
    model: ModelConfig, numbered: Mapping[int, Path], labels: Mapping[str, int]
) -> int | None:
    """Return the next free number for what has none, or that of the highest numbered folder."""
    free = max([*numbered, *labels.values()], default=0) + 1
    if (model.base_path / model.version).is_dir():
        return free
    if numbered:
        return max(numbered)
    return free if _is_bare(model) else None


@functools.cache
def _warn(name: str, reason: str) -> None:  # once
    logger.warning("model=%s the number of its version is not recorded: %s", name, reason)
