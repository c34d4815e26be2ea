"""Every setting, read once at start from the environment, `.env`, and files named by NAME_FILE."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    create_model,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from contract.mistakes import problems_of
from contract.named_files import NamedFiles, content
from contract.password import check_password
from contract.redis_url import check_redis_url


class SettingsError(Exception):
    """Some settings are wrong or missing; the text names each, with what was found."""


def _base_url(value: str) -> str:
    try:
        TypeAdapter(AnyHttpUrl).validate_python(value)
    except ValidationError:
        raise ValueError("is not a URL; expected http://host:port or https://host") from None
    return value.rstrip("/")


def _endpoint(value: str) -> str:
    if not value:
        return ""
    if "@" in urlsplit(value).netloc:
        raise ValueError("holds a password; expected it in VQA_ENDPOINT_KEY")
    return _base_url(value)


def _moderation(value: str) -> str:
    if not value or value.startswith(("http://", "https://")):
        return _base_url(value) if value else ""
    try:
        Path(value).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise ValueError("is neither a URL nor a text file that can be read") from None
    return value


def _hosts(value: str) -> str:
    hosts = [each.strip().lower().strip(".") for each in value.split(",")]
    for host in hosts:
        if not re.fullmatch(r"([a-z0-9-]+\.)+[a-z]{2,}", host):
            raise ValueError(f"has {host!r}; expected names such as qpic.cn, with commas between")
    return ",".join(hosts)


def _web_threads(given: dict[str, Any]) -> int:
    return 16 if given.get("wechat_reply") == "push" else 64  # of which four in five may wait


BaseUrl = Annotated[str, AfterValidator(_base_url)]
OptionalUrl = Annotated[str, AfterValidator(lambda value: value and _base_url(value))]
Hosts = Annotated[str, AfterValidator(_hosts)]
RedisUrl = Annotated[str, AfterValidator(check_redis_url)]
Seconds = Annotated[int, Field(gt=0)]
NO_MODEL = "none"  # as VQA_MODEL


class Settings(BaseSettings):
    """The settings of one account; `.env.example` says what each is for."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_file_encoding="utf-8", env_ignore_empty=True
    )

    wechat_token: SecretStr
    wechat_app_id: str = Field(pattern=r"^wx[0-9a-zA-Z]{4,}$")
    wechat_app_secret: SecretStr | None = None
    wechat_mode: Literal["plain", "compatible", "safe"] = "safe"
    wechat_aes_key: SecretStr | None = Field(default=None, validate_default=True)
    wechat_previous_aes_key: SecretStr | None = None
    wechat_account: str = ""
    wechat_time_window: Seconds = 300
    wechat_reply: Literal["push", "passive", "hybrid"] = "push"
    wechat_api_url: BaseUrl = "https://api.weixin.qq.com"
    picture_hosts: Hosts = "qpic.cn,qlogo.cn"
    redis_url: RedisUrl = Field(default="redis://127.0.0.1:6379/0", repr=False)
    serving_url: BaseUrl = "http://127.0.0.1:8501"
    classifier_model: str = "demo"
    classifier_labels: Path | None = None
    classifier_input: int = Field(default=224, ge=32, le=1024)
    vqa_model: str = "vqa"
    vqa_endpoint: Annotated[str, AfterValidator(_endpoint)] = ""
    vqa_endpoint_model: str = Field(default="", validate_default=True)
    vqa_endpoint_key: SecretStr | None = None
    vqa_endpoint_deadline: int = Field(default=20, ge=1, le=30)  # a job has 60
    vqa_endpoint_tokens: int = Field(default=300, ge=16, le=8192)
    moderation: Annotated[str, AfterValidator(_moderation)] = Field(default="", repr=False)
    reply_with_picture: bool = False
    language: Literal["zh", "en"] = "zh"
    acknowledge: bool = False
    feedback: bool = True
    picture_ttl: Seconds = 1800
    result_ttl: Seconds = 3600
    web_threads: int = Field(default_factory=_web_threads, ge=2, le=256)
    worker_processes: int = Field(default=2, ge=1, le=64)
    worker_threads: int = Field(default=32, ge=1, le=256)
    worker_grace: Seconds = 30
    worker_metrics_port: int = Field(default=0, ge=0, le=65535)
    worker_metrics_host: str = "127.0.0.1"
    alert_webhook: SecretStr | None = None
    admin_password: SecretStr | None = None
    log_format: Literal["text", "json"] = "text"
    sentry_dsn: OptionalUrl = Field(default="", repr=False)
    otlp_endpoint: OptionalUrl = ""

    @field_validator("wechat_token")
    @classmethod
    def _token(cls, value: SecretStr) -> SecretStr:
        tokens = _tokens(value)
        if not all(re.fullmatch(r"\S{3,32}", token) for token in tokens):
            raise ValueError("must have 3 to 32 characters and no blank, as in WeChat's console")
        if len(tokens) > 2 or len(set(tokens)) < len(tokens):
            raise ValueError("may list two: the new token and the one it replaces")
        return value

    @field_validator("language", mode="before")
    @classmethod
    def _language(cls, value: object) -> object:
        # Desktops set LANGUAGE too, in gettext's way: en_US:en
        return value[:2] if isinstance(value, str) and value[2:3] in {"_", ":", "."} else value

    @field_validator("wechat_aes_key")
    @classmethod
    def _aes_key(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        mode = info.data.get("wechat_mode", "safe")
        if value is not None:
            decode_aes_key(value)
        elif mode != "plain":
            raise ValueError(
                f"is not set; WECHAT_MODE={mode} needs the EncodingAESKey (43 characters) of "
                "WeChat's console"
            )
        return value

    @field_validator("wechat_previous_aes_key")
    @classmethod
    def _previous_aes_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            decode_aes_key(value)
        return value

    @field_validator("alert_webhook")
    @classmethod
    def _alert_webhook(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            _base_url(value.get_secret_value())
        return value

    @field_validator("admin_password")
    @classmethod
    def _admin_password(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            check_password(value.get_secret_value())
        return value

    @field_validator("vqa_model")
    @classmethod
    def _vqa_model(cls, value: str) -> str:
        return "" if value == NO_MODEL else value  # an empty variable would mean the default

    @field_validator("vqa_endpoint_model")
    @classmethod
    def _vqa_endpoint_model(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("vqa_endpoint") and not value:
            raise ValueError("is not set; VQA_ENDPOINT needs the name of a model that takes images")
        return value

    @property
    def answers_questions(self) -> bool:
        """Whether anybody answers questions about a picture."""
        return bool(self.vqa_model or self.vqa_endpoint)

    @property
    def wechat_tokens(self) -> list[str]:
        """The tokens of the webhook: one, or while it is replaced the new one and the old one."""
        return _tokens(self.wechat_token)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # NAME_FILE instead
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Rank the places: arguments, NAME, NAME_FILE; then the same two in `.env`."""
        env_file = getattr(dotenv_settings, "env_file", None)
        return (
            init_settings,
            env_settings,
            NamedFiles(settings_cls, os.environ),
            dotenv_settings,
            NamedFiles(settings_cls, dotenv_values(env_file) if env_file else {}),
        )


def load_settings(*needed: str, env_file: str | None = None) -> Settings:
    """Return the settings; raise SettingsError, naming every wrong one and every one of needed
    that is not set. needed are those that only some programs cannot do without.

    env_file: None for the one that KANTU_ENV_FILE names, else `.env`; empty for none.
    """
    if env_file is None:
        env_file = os.environ.get("KANTU_ENV_FILE", ".env")
    given = {**_dotenv(env_file), **os.environ}
    unread = {
        name.upper(): path
        for name in Settings.model_fields
        if (path := given.get(f"{name.upper()}_FILE")) and content(path) is None
    }
    problems = [
        f"{name}_FILE={path!r} cannot be read; expected a text file"
        for name, path in unread.items()
    ]
    required: dict[str, Any] = {
        name: (Settings.model_fields[name].annotation, ...) for name in needed
    }
    asked = create_model("Settings", __base__=Settings, **required) if required else Settings
    try:
        settings = asked(_env_file=env_file or None)  # type: ignore[call-arg]  # pydantic's own
    except ValidationError as error:
        # What stands in such a file is not said to be missing as well.
        problems += [
            each
            for each in problems_of(error, Settings.model_fields)
            if re.split(r"\W", each)[0] not in unread
        ]
        raise SettingsError("\n".join(problems)) from None
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def _dotenv(path: str) -> dict[str, str | None]:
    try:
        return dotenv_values(path) if path else {}
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{path} cannot be read; expected text in UTF-8") from None


def problem_with(name: str, given: Mapping[str, str]) -> str:
    """Return what is wrong with NAME among settings by their names; empty where nothing is."""
    values: dict[str, Any] = {each.lower(): value for each, value in given.items() if value}
    try:
        Settings(_env_file=None, **values)  # type: ignore[call-arg]  # pydantic's own
    except ValidationError as error:
        found = [
            each
            for each in problems_of(error, Settings.model_fields)
            if re.match(rf"{name}\b", each)
        ]
        return "\n".join(found)
    return ""


def _tokens(value: SecretStr) -> list[str]:
    return [token.strip() for token in value.get_secret_value().split(",")]


def decode_aes_key(key: SecretStr) -> bytes:
    """Return the 32 bytes of an EncodingAESKey (43 characters); raise ValueError."""
    text = key.get_secret_value()
    try:
        decoded = base64.b64decode(text + "=", validate=True)
    except binascii.Error:
        decoded = b""
    if len(text) != 43 or len(decoded) != 32:
        raise ValueError(f"must have 43 letters and digits; found {len(text)} characters")
    return decoded
