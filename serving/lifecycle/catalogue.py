"""The models being served: found on disk, loaded, looked up, dropped.

What is new is loaded while the old answers, and only then is the old unloaded, once the requests in
it are through. A model that cannot be read or loaded is reported and leaves the others alone.
Rules: tensorflow_serving/core/{aspired_versions_manager,availability_preserving_policy}.cc.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from serving.errors import InvalidArgument, NotFound
from serving.lifecycle import config, labels
from serving.lifecycle.config import ModelConfig
from serving.lifecycle.disk import Disk
from serving.lifecycle.version import Version
from serving.protocol.model_server_config_pb2 import ModelServerConfig
from serving.servable import Servable, Served, VersionStatus

Load = Callable[[ModelConfig, Path], Servable]
Versions = Mapping[int, Version]
Models = Mapping[str, Versions]


class Catalogue:
    """Answers which model to ask. One change at a time; reads wait for none of them."""

    def __init__(
        self,
        load: Load,
        *,
        retries: int = 0,
        pause: float = 60.0,
        allowed: labels.Allowed = labels.Allowed.AVAILABLE,
    ) -> None:
        """Retries come after the first failure to load a version, with pauses in seconds."""
        self._load, self._retries, self._pause, self._allowed = load, retries, pause, allowed
        self._configs: Sequence[ModelConfig] = ()
        # These are replaced whole, never changed in place.
        self._models: Models = {}  # every version there ever was
        self._available: Models = {}  # those that may be asked
        self._labels: labels.Labels = {}
        self._changing = threading.Lock()
        self._disk = Disk()

    @contextlib.contextmanager
    def use(
        self, name: str, version: int | None = None, label: str | None = None
    ) -> Iterator[Served]:
        """Give the version asked for, or the highest; it is not unloaded before the end.

        Raises NotFound, or InvalidArgument where there is no such label.
        """
        if not name:
            raise InvalidArgument("ModelSpec has no name specified.")
        number = version if label is None else self.resolve(name, label)
        chosen, servable = self._enter(name, number)
        try:
            yield Served(name=name, version=chosen.number, servable=servable)
        finally:
            chosen.leave()

    def _enter(self, name: str, number: int | None) -> tuple[Version, Servable]:
        while True:
            available = self._available.get(name, {})
            chosen = max(available, default=None) if number is None else number
            if chosen is None or chosen not in available:
                asked = f"Latest({name})" if number is None else f"Specific({name}, {number})"
                raise NotFound(f"Servable not found for request: {asked}")  # basic_manager.cc:139
            servable = available[chosen].enter()
            if servable is not None:  # otherwise it was taken away meanwhile: look again
                return available[chosen], servable

    def resolve(self, name: str, label: str) -> int:
        """Return the version that the label stands for; raise InvalidArgument."""
        number = self._labels.get(name, {}).get(label)
        if number is None:  # one that a config does not move
            number = self.recorded(name).get(label)
        if number is None:  # ServerCore::GetModelVersionForLabel
            raise InvalidArgument(f"Unrecognized servable version label: {label}")
        return number

    def recorded(self, name: str) -> Mapping[str, int]:
        """Return the versions that were given their numbers here, by label."""
        return self._disk.labels.get(name, {})

    def status(self, name: str, version: int | None = None) -> list[VersionStatus]:
        """Return the state of every version, or of one, highest first; raise NotFound."""
        known = self._models.get(name, {})
        if version is not None and version not in known:  # get_model_status_impl.cc:89
            raise NotFound(f"Could not find version {version} of model {name}")
        if not known:  # get_model_status_impl.cc:100
            raise NotFound(f"Could not find any versions of model {name}")
        chosen = [version] if version is not None else sorted(known, reverse=True)
        return [known[number].status for number in chosen]

    def names(self) -> list[str]:
        """Return the models that are to be served, whether they are or not."""
        return [each.name for each in self._configs]

    def config(self, name: str) -> ModelConfig:
        """Return how the model is to be served; raise NotFound."""
        for each in self._configs:
            if each.name == name:
                return each
        raise NotFound(f"There is no model {name}; there are: {', '.join(self.names()) or 'none'}")

    def reload(self, message: ModelServerConfig) -> None:
        """Serve what the message names and nothing else, as HandleReloadConfigRequest does.

        Blocks until each new model is available or has failed, and raises ServingError where one
        has; the others are served nevertheless.
        """
        if message.WhichOneof("config") != "model_config_list":  # model_service_impl.cc
            raise InvalidArgument(
                "ServerModelConfig type not supported by HandleReloadConfigRequest."
                " Only ModelConfigList is currently supported"
            )
        before = set(self.names())
        self.apply(config.models(message))
        labels.check_available(
            {name: self._models.get(name, {}) for name in self.names() if name not in before}
        )

    def apply(self, configs: Sequence[ModelConfig]) -> None:
        """Serve what configs name and nothing else; raise FailedPrecondition for a label."""
        with self._changing:
            self._labels = labels.agreed(configs, self._models, self._labels, self._allowed)
            self._configs = configs
            self._bring_up_to_date()

    def poll(self) -> None:
        """Look at the folders again: load what is new, then drop what is gone."""
        with self._changing:
            self._bring_up_to_date()

    def retry(self) -> None:
        """Load what could not be loaded before, where its time has come."""
        due = [each for known in self._models.values() for each in known.values() if each.is_due()]
        if due:
            self.poll()

    def _bring_up_to_date(self) -> None:
        wanted = {
            each.name: self._disk.wanted(each, self._models.get(each.name, {}))
            for each in self._configs
        }
        self._models = _merged(self._models, wanted)  # the old go on answering
        by_name = {each.name: each for each in self._configs}
        for name, versions in wanted.items():
            for version in versions.values():
                if version.is_due():
                    self._bring_up(by_name[name], version)
        self._drop(
            version
            for name, versions in self._models.items()
            for version in _unneeded(versions, wanted.get(name, {}))
        )

    def _bring_up(self, model: ModelConfig, version: Version) -> None:
        this = dataclasses.replace(model, number=version.number)
        version.load(lambda path: self._load(this, path), self._retries, self._pause)
        self._publish()

    def _drop(self, versions: Iterable[Version]) -> None:
        dropped = list(versions)
        for version in dropped:
            version.unwanted = True
        self._publish()  # who looks now, finds others; who has just looked, looks again
        for version in dropped:
            version.retire()

    def _publish(self) -> None:
        self._available = {
            name: {number: each for number, each in versions.items() if each.may_be_asked}
            for name, versions in self._models.items()
        }


def _merged(before: Models, wanted: Models) -> Models:
    names = before.keys() | wanted.keys()
    return {name: {**before.get(name, {}), **wanted.get(name, {})} for name in names}


def _unneeded(versions: Versions, wanted: Versions) -> Iterator[Version]:
    """Give what is not wanted, but not what answers as long as nothing of what is wanted does."""
    answered = any(version.may_be_asked for version in wanted.values())
    for number, version in versions.items():
        needed = wanted and not answered and version.may_be_asked
        if number not in wanted and not version.unwanted and not needed:
            yield version
