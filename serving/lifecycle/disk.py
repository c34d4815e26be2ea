"""Which versions are to be served, as far as the folders of the models say.

Rules: tensorflow_serving/sources/storage_path/file_system_storage_path_source.cc.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from serving.lifecycle import folder
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.offer import Offer, look
from serving.lifecycle.record import NAME, RecordError
from serving.lifecycle.version import Version

logger = logging.getLogger(__name__)
Versions = Mapping[int, Version]


class Disk:
    """Looks into the folders, and tells once what is wrong with one."""

    def __init__(self) -> None:
        self._reported: dict[str, str] = {}  # by model
        self.labels: dict[str, Mapping[str, int]] = {}  # as recorded: version by label, by model

    def wanted(self, model: ModelConfig, known: Versions) -> Versions:
        """Return the versions to be served; those of before where the folder cannot be listed."""
        try:
            offer = look(model)
        except (OSError, RecordError) as error:
            self._report(model.name, f"folder not listed, the model stays as it is: {error}")
            return {number: each for number, each in known.items() if not each.unwanted}
        self.labels[model.name] = offer.labels
        chosen, found = offer.chosen(), offer.paths
        self._report(model.name, "" if chosen else _missing(model, offer))
        return {number: _kept(model.name, number, found[number], known) for number in chosen}

    def _report(self, name: str, problem: str) -> None:
        if problem and self._reported.get(name) != problem:
            logger.error("model=%s %s", name, problem)
        self._reported[name] = problem


def _missing(model: ModelConfig, offer: Offer) -> str:
    """Return why there is nothing to serve."""
    nothing = f"no version to serve in {model.base_path}"
    if offer.paths and offer.decisions.touch(offer.paths):
        return f"{nothing}, as {NAME} there says"
    wanted = ", ".join(map(str, offer.policy.specific)) or "such as 1"
    label = "" if not model.version or model.version.isdecimal() else f" for {model.version}"
    return f"{nothing}: expected a folder {wanted}{label}"


def _kept(name: str, number: int, path: Path, known: Versions) -> Version:
    """Return the version already known, so that it is not loaded twice.

    A broken one is given another try once its files have changed: it may have been seen half
    copied. One that is loaded stays, even where its model has moved to another folder.
    """
    version = known.get(number)
    if version is None or version.unwanted:
        return Version(name, number, path)
    if version.error is None:
        return version
    same = version.path == path and version.files == folder.files(path)
    return version if same else Version(name, number, path)
