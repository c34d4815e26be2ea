"""The text files that flags name."""

from __future__ import annotations

from pathlib import Path


class ConfigError(Exception):
    """A file, or what flags say in its place, is of no use; the text says where and why."""


def read_text(path: Path) -> str:
    """Return what is in the file; raise ConfigError."""
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: expected text in UTF-8; found: byte 0x{error.object[error.start]:02x} "
            f"at {error.start}"
        ) from None
