"""Settings whose values stand in files: secrets as Docker and Kubernetes give them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource


class NamedFiles(PydanticBaseSettingsSource):
    """NAME_FILE=/run/secrets/name: the value is what that file holds, less its last newline."""

    def __init__(self, settings_cls: type[BaseSettings], given: Mapping[str, str | None]) -> None:
        super().__init__(settings_cls)
        self._given = given

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002  # the base class' signature
        path = self._given.get(f"{field_name.upper()}_FILE")
        return content(path) if path else None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return what files hold, by field name."""
        fields = self.settings_cls.model_fields.items()
        found = {name: self.get_field_value(field, name)[0] for name, field in fields}
        return {name: value for name, value in found.items() if value}


def content(path: str) -> str | None:
    """Return what a file holds, less its last newline; None where it cannot be read as text."""
    try:
        return Path(path).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        return None  # load_settings() says so
