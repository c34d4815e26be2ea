"""Files that run code when they are loaded, and the flag by which somebody takes them."""

from __future__ import annotations

from pathlib import Path

from serving.errors import PermissionDenied
from serving.flags import Flags


def ask(flags: Flags, path: Path, *, why: str, instead: str) -> None:
    """Raise PermissionDenied unless the flags allow files that run code."""
    if not flags.allow_models_that_run_code:
        raise PermissionDenied(
            f"{path.name} {why}, so it could run any code here. {instead}, or, if you trust "
            "whoever made it, start the server with --allow_models_that_run_code"
        )
