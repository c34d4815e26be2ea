"""`python -m serving export`: SavedModels out of Keras networks."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

MODELS = Path(__file__).parents[1] / "models"
NAMES = ("resnet50", "efficientnetv2b0", "efficientnetv2b3", "efficientnetv2s")


def main(arguments: Sequence[str]) -> int:
    """Export one model; return 0, or 1 with a line on standard error."""
    flags = _parser().parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from serving.export.publish import ExportError  # imports TensorFlow

    try:
        _export(flags)
    except ExportError as error:
        sys.stderr.write(f"export: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(
        prog="python -m serving export",
        description="Write a SavedModel that takes picture files (JPEG, PNG, …) and gives the "
        "probabilities of the 1,000 ImageNet classes.",
    )
    flags.add_argument("model", choices=NAMES)
    flags.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="Keras' weights file (.h5); default: fetched from Keras, or KERAS_WEIGHTS_URL",
    )
    flags.add_argument(
        "--output",
        type=Path,
        default=MODELS,
        metavar="DIR",
        help="holds DIR/model/version; default: serving/models",
    )
    flags.add_argument("--version", type=int, default=1, help="default: 1")
    return flags


def _export(flags: argparse.Namespace) -> None:
    from serving.export.classifier import save_classifier
    from serving.export.keras_application import build

    started = time.monotonic()
    path = save_classifier(
        build(flags.model, flags.weights), flags.output / flags.model, flags.version
    )
    sys.stdout.write(f"{path} in {time.monotonic() - started:.0f} s\n")
