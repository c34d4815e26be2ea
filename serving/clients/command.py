"""`python -m serving client`: print a program that asks a model."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from serving.clients.language import LANGUAGES, generate
from serving.clients.metadata import fetch
from serving.clients.sample import ClientError


def main(arguments: Sequence[str]) -> int:
    """Print the program; return 0, or 1 with a line on standard error."""
    flags = _parser().parse_args(arguments)
    try:
        metadata = fetch(flags.url, flags.model)
        program = generate(metadata, flags.url, flags.model, flags.language, flags.signature)
    except ClientError as error:
        sys.stderr.write(f"client: {error}\n")
        return 1
    sys.stdout.write(program)
    return 0


def _parser() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(
        prog="python -m serving client",
        description="Print a program that asks a model of any TensorFlow Serving server, with "
        "values of the types and shapes that the model takes. Inputs that are pictures by their "
        "names (image, photo, …_bytes) become files that the program is given. Where the server "
        "asks who you are, set MODEL_SERVER_AUTH=user:password for this and for the program.",
    )
    flags.add_argument("url", metavar="URL", help="the server's, such as http://localhost:8501")
    flags.add_argument("model", metavar="MODEL", help="its name there")
    flags.add_argument("--language", choices=LANGUAGES, default="python", help="default: python")
    flags.add_argument(
        "--signature", default="", metavar="NAME", help="default: serving_default, or the first"
    )
    return flags
