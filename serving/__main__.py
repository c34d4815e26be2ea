"""`python -m serving`: serve (the default), or one of the commands below."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

# Imported when they are asked for: most of them import much.
COMMANDS = {
    "client": "serving.clients.command",
    "doctor": "serving.doctor.command",
    "export": "serving.export.command",
    "inspect": "serving.inspect.command",
    "models": "serving.export.shelf",
    "serve": "serving.server",
    "train": "serving.train.command",
    "versions": "serving.simple.command",
}


def main(arguments: Sequence[str]) -> int:
    """Hand over to the command named first; without one, serve."""
    command, *rest = arguments or ["serve"]
    if command.startswith("-"):
        command, rest = "serve", list(arguments)
    if command not in COMMANDS:
        sys.stderr.write(
            f"serving: there is no command {command}; expected flags, or one of "
            f"{', '.join(COMMANDS)}: python -m serving --help\n"
        )
        return 2
    status: int = importlib.import_module(COMMANDS[command]).main(rest)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
