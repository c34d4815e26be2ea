"""Settings from the environment that a program is given, not from our own."""

from __future__ import annotations

from collections.abc import Mapping

from contract.settings import Settings


def settings_of(environment: Mapping[str, str]) -> Settings:
    """Return what a program with this environment reads from it."""
    given = {name.lower(): value for name, value in environment.items() if value}
    known = {name: value for name, value in given.items() if name in Settings.model_fields}
    return Settings(_env_file=None, **known)  # type: ignore[call-arg, arg-type]  # pydantic reads them
