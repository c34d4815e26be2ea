"""`python -m serving`: serve (the default), doctor, export, models, train."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Hand over to the command named first; without one, serve."""
    command, *rest = arguments or [""]
    if command == "export":
        from serving.export.command import main as export

        return export(rest)
    if command == "models":
        from serving.export.shelf import main as models

        return models(rest)
    if command == "doctor":
        from serving.doctor.command import main as doctor

        return doctor(rest)
    if command == "train":
        from serving.train.command import main as train

        return train(rest)
    from serving.server import main as serve

    return serve(rest if command == "serve" else arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
