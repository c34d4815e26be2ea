"""The model config of tensorflow_model_server: text or message in, ModelConfigs out; or JSON.

Rules and their texts: ValidateModelConfigList and GetPlatform in
tensorflow_serving/model_servers/server_core.cc.
"""

from __future__ import annotations

import dataclasses
import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from google.protobuf import text_format

from serving.config_file import ConfigError, read_text
from serving.errors import InvalidArgument
from serving.flags import Flags
from serving.lifecycle import json_config
from serving.lifecycle.json_config import Entry, WrongJson
from serving.platforms.platform import AUTO, NAMES
from serving.protocol.model_server_config_pb2 import ModelConfig as ModelConfigMessage
from serving.protocol.model_server_config_pb2 import ModelServerConfig, ModelType

logger = logging.getLogger(__name__)


class WrongConfig(InvalidArgument):
    """The config is well formed, but says what cannot be."""

    def __init__(self, text: str, value: str, *, repeated: bool = False) -> None:
        super().__init__(text)
        self.value = value  # what in the config is wrong
        self.repeated = repeated  # wrong where it stands for the second time


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
    platform: str = "tensorflow"  # one of platform.NAMES
    policy: VersionPolicy = VersionPolicy()
    labels: Mapping[str, int] = dataclasses.field(default_factory=dict)  # version by label
    version: str = ""  # the one to serve, or the label of one that we number
    custom_op_paths: str = ""  # libraries of operations, beside those of the flags
    session_config: str = ""  # JSON, over that of the flags
    number: int = 0  # of the version that is being loaded


def parse_config(text: str, source: str) -> list[ModelConfig]:
    """Return the models that a ModelServerConfig in text format names, or a config in JSON.

    Raises ConfigError with line and column.
    """
    if json_config.is_json(text):
        return _parse_json(text, source)
    try:
        message = text_format.Parse(text, ModelServerConfig())
    except text_format.ParseError as error:
        raise ConfigError(f"{source}:{error}") from None
    if message.WhichOneof("config") != "model_config_list":
        raise ConfigError(f"{source}: expected model_config_list {{ config {{ … }} }}")
    for config in message.model_config_list.config:
        if not config.model_platform and not config.model_type:
            _warn_of_missing_platform(config)
    try:
        return models(message)
    except WrongConfig as error:
        raise ConfigError(f"{source}{_place(text, error)}: {error}") from None


def _parse_json(text: str, source: str) -> list[ModelConfig]:
    """Return the models; of each every version is served, as Simple TensorFlow Serving does."""
    try:
        found = [
            dataclasses.replace(of_entry(entry), policy=VersionPolicy(latest=None))
            for entry in json_config.parse(text)
        ]
        _check_single([model.name for model in found])
    except WrongConfig as error:
        raise ConfigError(f"{source}{_place(text, error)}: {error}") from None
    except WrongJson as error:
        place = _place(text, WrongConfig(str(error), error.value))
        line_column = ":{}:{}".format(*error.place) if error.place else place
        raise ConfigError(f"{source}{line_column}: {error}") from None
    return found


def of_entry(entry: json_config.Entry) -> ModelConfig:
    """Return the model of an entry, its path from here on; raise WrongConfig."""
    _check_named(entry.name, entry.base_path)
    _check_known(entry.name, entry.platform)
    given = dataclasses.asdict(entry)
    return ModelConfig(**{**given, "base_path": Path(entry.base_path).absolute()})


def _warn_of_missing_platform(config: ModelConfigMessage) -> None:
    logger.warning(
        "model=%s has no model_platform, which tensorflow_model_server refuses: "
        "add one; its files tell which it is",
        config.name,
    )
    config.model_platform = AUTO


def _place(text: str, error: WrongConfig) -> str:
    """Return ":line:column" of the wrong value, as far as it stands there letter by letter."""
    value = re.escape(error.value)
    quoted = [match.start() for match in re.finditer(f"(['\"]){value}\\1", text)]
    found = quoted or [match.start() for match in re.finditer(rf"\b{value}\b", text)]
    if not error.value or len(found) <= error.repeated:
        return ""
    before = text[: found[error.repeated]]
    return f":{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def models(message: ModelServerConfig) -> list[ModelConfig]:
    """Return the models of a ModelServerConfig, in its order; raise WrongConfig."""
    found = [_model(config) for config in message.model_config_list.config]
    _check_single([model.name for model in found])
    return found


def _check_single(names: list[str]) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            text = f"Illegal to list model {name} multiple times in config list"
            raise WrongConfig(text, name, repeated=True)


def _model(config: ModelConfigMessage) -> ModelConfig:
    _check_named(config.name, config.base_path)
    if not Path(config.base_path).is_absolute():
        raise WrongConfig(
            f"Expected model {config.name} to have an absolute path or URI; "
            f"got base_path()={config.base_path}",
            config.base_path,
        )
    return ModelConfig(
        name=config.name,
        base_path=Path(config.base_path),
        platform=_platform(config),
        policy=_policy(config),
        labels=dict(config.version_labels),
    )


def _check_named(name: str, base_path: str) -> None:
    if not name or not base_path:
        raise WrongConfig(
            f"each config needs a name and a base_path; found: name={name!r} "
            f"base_path={base_path!r}",
            name or base_path,
        )


def _platform(config: ModelConfigMessage) -> str:
    kind, platform = config.model_type, config.model_platform
    if kind and platform:
        raise WrongConfig(
            "Illegal setting both ModelServerConfig::model_type (deprecated) and "
            "ModelServerConfig::model_platform.",
            platform,
        )
    if kind == ModelType.OTHER:
        raise WrongConfig("ModelServerConfig::model_type choice 2 not supported.", "OTHER")
    if not kind and not platform:
        raise WrongConfig(
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
            "ModelServerConfig::model_platform.",
            config.name,
        )
    if platform:
        _check_known(config.name, platform)
    return platform or "tensorflow"


def _check_known(name: str, platform: str) -> None:
    if platform not in NAMES:
        text = f"Model {name} requests unsupported platform {platform}"
        raise WrongConfig(f"{text}; expected: {', '.join(NAMES)}", platform)


def _policy(config: ModelConfigMessage) -> VersionPolicy:
    policy = config.model_version_policy
    match policy.WhichOneof("policy_choice"):
        case "all":
            return VersionPolicy(latest=None)
        case "specific":
            return VersionPolicy(specific=tuple(policy.specific.versions))
        case _:
            return VersionPolicy(latest=policy.latest.num_versions or 1)


def configured(flags: Flags) -> tuple[Sequence[ModelConfig], str]:
    """Return the models that the flags name, and the text of the config file, empty without one.

    Raises ConfigError.
    """
    if flags.model_config_file is not None:
        text = read_text(flags.model_config_file)
        return parse_config(text, str(flags.model_config_file)), text
    if flags.model_base_path is not None:
        return [_single(flags, flags.model_base_path)], ""
    raise ConfigError("no models: give --model_config_file or --model_base_path")


def _single(flags: Flags, path: Path) -> ModelConfig:
    try:
        version = json_config.version(flags.model_version)
        entry = Entry(name=flags.model_name, base_path=str(path), version=version)
        return of_entry(dataclasses.replace(entry, platform=flags.model_platform))
    except (WrongConfig, WrongJson) as error:
        raise ConfigError(f"command line: {error}") from None
