"""The models being served: found on disk, loaded, looked up, dropped.

    disk ── versions ──> START ──> LOADING ──> AVAILABLE ──> END
                                         └── broken, with its error ──┘

States are those of tensorflow_serving/apis/get_model_status.proto. A model that cannot be read or
loaded is reported and leaves the others alone.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from serving.errors import Internal, NotFound, ServingError, Unavailable
from serving.lifecycle import folder
from serving.lifecycle.config import ModelConfig
from serving.protocol.json_tensor import Array
from serving.protocol.signature import Signature

logger = logging.getLogger(__name__)


class Servable(Protocol):
    """One loaded version of a model, of whatever framework."""

    @property
    def signatures(self) -> Mapping[str, Signature]:
        """What it can be asked."""

    def run(self, signature_name: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return the outputs of one call; raise ServingError. Safe to call from many threads."""


@dataclasses.dataclass(slots=True, kw_only=True)
class Version:
    """One version of a model, loaded or not."""

    number: int
    path: Path
    files: folder.Files = frozenset()  # as they were when it was found
    state: str = "START"
    error: ServingError | None = None
    servable: Servable | None = None


Versions = Mapping[int, Version]
Models = Mapping[str, Versions]


class Catalogue:
    """Answers which model to ask; `apply` changes what is in it. Reads need no lock."""

    def __init__(self, load: Callable[[Path], Servable]) -> None:
        self._load = load
        self._models: Models = {}  # replaced whole, never changed in place
        self._unlisted: set[str] = set()  # models whose folder could not be listed last time

    def apply(self, configs: Sequence[ModelConfig]) -> None:
        """Serve what configs name and nothing else: load what is new, then drop what is gone."""
        before = self._models
        after = {config.name: self._on_disk(config) for config in configs}
        self._models = _both(before, after)  # the old go on answering while the new are loaded
        for name, versions in after.items():
            if not versions and before.get(name) != {}:
                logger.error("model=%s has no version folder", name)
            for version in versions.values():
                if version.state == "START":
                    self._bring_up(name, version)
        after = {name: _preserved(before.get(name, {}), new) for name, new in after.items()}
        self._models = after
        for name, old in before.items():
            for version in old.values():
                if after.get(name, {}).get(version.number) is not version:
                    _take_down(name, version)

    def find(self, name: str, number: int | None = None) -> tuple[int, Servable]:
        """Return the version asked for, or the highest, with its number; raise NotFound."""
        available = {
            version.number: version.servable
            for version in self._models.get(name, {}).values()
            if version.state == "AVAILABLE" and version.servable is not None
        }
        chosen = max(available, default=None) if number is None else number
        if chosen is None or chosen not in available:
            wanted = f"Latest({name})" if number is None else f"Specific({name}, {number})"
            raise NotFound(f"Servable not found for request: {wanted}")  # basic_manager.cc:139
        return chosen, available[chosen]

    def versions(self, name: str, number: int | None = None) -> list[Version]:
        """Return the state of every version, or of one, highest first; raise NotFound."""
        known = self._models.get(name, {})
        if not known:  # get_model_status_impl.cc:100
            raise NotFound(f"Could not find any versions of model {name}")
        if number is None:
            return sorted(known.values(), key=lambda version: version.number, reverse=True)
        if number not in known:  # get_model_status_impl.cc:89
            raise NotFound(f"Could not find version {number} of model {name}")
        return [known[number]]

    def _on_disk(self, config: ModelConfig) -> Versions:
        """Return the versions to be served; those known where the folder cannot be listed."""
        known = self._models.get(config.name, {})
        try:
            found = folder.versions(config.base_path)
        except OSError as error:
            if config.name not in self._unlisted:
                logger.error("model=%s stays as it is, folder not listed: %s", config.name, error)
            self._unlisted.add(config.name)
            return known
        self._unlisted.discard(config.name)
        return {
            number: _kept(known.get(number), _found(number, found[number]))
            for number in config.policy.choose(list(found))
        }

    def _bring_up(self, name: str, version: Version) -> None:
        version.state = "LOADING"
        try:
            _check_files(version)
            version.servable = self._load(version.path)
        except Exception as error:  # noqa: BLE001  # whatever it is, the other models go on
            refused = error if isinstance(error, ServingError) else Internal(repr(error))
            version.state, version.error = "END", refused
            logger.error("model=%s version=%d not loaded: %s", name, version.number, refused)
        else:
            version.state = "AVAILABLE"
            logger.info("model=%s version=%d available", name, version.number)


def _found(number: int, path: Path) -> Version:
    return Version(number=number, path=path, files=folder.files(path))


def _kept(known: Version | None, found: Version) -> Version:
    """Return the version already known, so that it is not loaded twice; a broken one is given
    another try once its files have changed: it may have been seen half copied.
    """
    if known is None or known.path != found.path:
        return found
    return found if known.error is not None and known.files != found.files else known


def _check_files(version: Version) -> None:
    """Raise Unavailable where a file cannot be read: the model is being copied, or is broken."""
    missing = folder.unreadable(version.files)
    if missing:
        raise Unavailable(
            f"{', '.join(map(str, missing))} cannot be read (a link to nowhere, no permission, or "
            "a copy under way): mend or remove it"
        )


def _both(before: Models, after: Models) -> Models:
    names = before.keys() | after.keys()
    return {name: {**before.get(name, {}), **after.get(name, {})} for name in names}


def _preserved(old: Versions, new: Versions) -> Versions:
    """Return new, and what of old still answers where none of new does.

    tensorflow_serving/core/availability_preserving_policy.cc
    """
    if not new or any(version.servable is not None for version in new.values()):
        return new
    answering = {number: each for number, each in old.items() if each.servable is not None}
    return {**answering, **new}


def _take_down(name: str, version: Version) -> None:
    if version.servable is not None:
        logger.info("model=%s version=%d unloaded", name, version.number)
    version.servable = None  # calls under way hold it until they end, and it ends with the last
    version.state = "END"
