"""Models that are only stood in for, in folders that are real, and a catalogue of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from serving.lifecycle.catalogue import Catalogue
from serving.lifecycle.config import ModelConfig, VersionPolicy
from serving.protocol.json_tensor import Array
from serving.protocol.signature import Signature


@dataclasses.dataclass
class Model:
    """Knows its folder, and whether it was closed."""

    path: Path
    closed: bool = False
    signatures: Mapping[str, Signature] = dataclasses.field(default_factory=dict)

    def run(
        self, _signature: str, _inputs: Mapping[str, Array], _filter: Sequence[str] = ()
    ) -> dict[str, Array]:
        return {}

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def loaded() -> list[Model]:
    return []


def loader(loaded: list[Model]) -> Callable[[ModelConfig, Path], Model]:
    def load(_config: ModelConfig, path: Path) -> Model:
        loaded.append(Model(path))
        if (path / "broken").exists():
            raise ValueError(f"no model in {path}/broken")
        return loaded[-1]

    return load


@pytest.fixture
def catalogue(loaded: list[Model]) -> Catalogue:
    return Catalogue(loader(loaded))


Make = Callable[..., ModelConfig]


@pytest.fixture
def model(tmp_path: Path) -> Make:
    def make(
        name: str, *versions: str, policy: VersionPolicy | None = None, **labels: int
    ) -> ModelConfig:
        for version in versions:
            (tmp_path / name / version).mkdir(parents=True, exist_ok=True)
        return ModelConfig(
            name=name,
            base_path=tmp_path / name,
            policy=policy or VersionPolicy(),
            labels=labels,
        )

    return make


EVERY = VersionPolicy(latest=None)


def serves(catalogue: Catalogue, name: str, version: int | None = None) -> int:
    with catalogue.use(name, version) as served:
        return served.version


def states(catalogue: Catalogue, name: str) -> list[tuple[int, str]]:
    return [(each.number, each.state) for each in catalogue.status(name)]
