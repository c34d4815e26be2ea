"""The model config file of tensorflow_model_server: text in, ModelConfigs out."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from google.protobuf import text_format

from serving.protocol.model_server_config_pb2 import ModelConfig as ModelConfigMessage
from serving.protocol.model_server_config_pb2 import ModelServerConfig


class ConfigError(Exception):
    """The file is not a usable model config; the text says where and why."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VersionPolicy:
    """Which of the versions on disk are served."""

    latest: int | None = 1  # so many of the highest; None: every version
    specific: tuple[int, ...] = ()  # where not empty, just these

    def choose(self, versions: list[int]) -> list[int]:
        """Return those of versions that are to be served, highest first."""
        if self.specific:
            return sorted(set(versions) & set(self.specific), reverse=True)
        return sorted(versions, reverse=True)[: self.latest]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """One model to serve."""

    name: str
    base_path: Path  # holds a folder for each version, named by its number
    policy: VersionPolicy = VersionPolicy()


def read_config(path: Path) -> list[ModelConfig]:
    """Return the models that the file names, in its order; raise ConfigError."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: expected text in UTF-8; found: byte 0x{error.object[error.start]:02x} "
            f"at {error.start}"
        ) from None
    return parse_config(text, str(path))


def parse_config(text: str, source: str) -> list[ModelConfig]:
    """Return the models that a ModelServerConfig in text format names; raise ConfigError."""
    try:
        message = text_format.Parse(text, ModelServerConfig())
    except text_format.ParseError as error:
        raise ConfigError(f"{source}:{error}") from None
    if message.WhichOneof("config") != "model_config_list":
        raise ConfigError(f"{source}: expected model_config_list {{ config {{ … }} }}")
    models = [_model(config, source) for config in message.model_config_list.config]
    repeated = {model.name for model in models if [m.name for m in models].count(model.name) > 1}
    if repeated:
        raise ConfigError(f"{source}: model name given twice: {', '.join(sorted(repeated))}")
    return models


def _model(config: ModelConfigMessage, source: str) -> ModelConfig:
    if not config.name or not config.base_path:
        raise ConfigError(f"{source}: each config needs a name and a base_path; found: {config}")
    if not Path(config.base_path).is_absolute():
        raise ConfigError(
            f"{source}: base_path of model {config.name} must be an absolute path; "
            f"found: {config.base_path}"
        )
    if config.model_platform not in {"", "tensorflow"}:
        raise ConfigError(
            f"{source}: model {config.name} has model_platform {config.model_platform!r}; "
            "expected: tensorflow"
        )
    return ModelConfig(name=config.name, base_path=Path(config.base_path), policy=_policy(config))


def _policy(config: ModelConfigMessage) -> VersionPolicy:
    policy = config.model_version_policy
    match policy.WhichOneof("policy_choice"):
        case "all":
            return VersionPolicy(latest=None)
        case "specific":
            return VersionPolicy(specific=tuple(policy.specific.versions))
        case _:
            return VersionPolicy(latest=policy.latest.num_versions or 1)
