"""`python -m serving export`: SavedModels out of networks and saved models, and models in int8."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from serving.progress import bar

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
        "probabilities of the 1,000 ImageNet classes; or, with --optimise int8, the next version "
        "of a model, several times as fast on a CPU; or, with --name, a version out of a model "
        "that somebody saved: docs/models.md.",
    )
    flags.add_argument(
        "model",
        help=f"{', '.join(NAMES)}; with --optimise also any model that is in DIR; with --name the "
        "path of a SavedModel, a checkpoint, a frozen graph or a Keras model",
    )
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
    flags.add_argument(
        "--version", type=int, help="default: 1; with --optimise the one after the newest"
    )
    _add_optimise(flags)
    _add_saved(flags)
    return flags


def _add_optimise(flags: argparse.ArgumentParser) -> None:
    flags.add_argument(
        "--optimise", choices=["int8"], help="compute in whole numbers of eight bits"
    )
    flags.add_argument(
        "--calibrate",
        type=Path,
        metavar="PICTURES",
        help="pictures like those that the model is asked about, 300 or more; where they lie in "
        "folders named by class (number or name), accuracy before and after is measured",
    )
    flags.add_argument(
        "--publish-anyway",
        action="store_true",
        help="even where int8 answers much worse: more than 1 point of accuracy less or, without "
        "classes, more than 10 %% of the answers changed",
    )


def _add_saved(flags: argparse.ArgumentParser) -> None:
    flags.add_argument("--name", metavar="NAME", help="what the model at a path is to be called")
    for flag, what, meta in (
        ("--feed", "an input, and the tensor it is fed to", "NAME=TENSOR"),
        ("--fetch", "an output, and its tensor", "NAME=TENSOR"),
        ("--fix", "a placeholder that is always the same, such as is_training=false", "NAME=JSON"),
    ):
        flags.add_argument(
            flag, action="append", default=[], metavar=meta, help=f"{what}; TensorFlow 1 only"
        )


def _export(flags: argparse.Namespace) -> None:
    from serving.export.publish import ExportError

    if flags.name is not None:
        _export_saved(flags)
        return
    if flags.feed or flags.fetch or flags.fix:
        raise ExportError("--feed, --fetch and --fix belong to a path with --name NAME")
    if (flags.optimise is None) is not (flags.calibrate is None):
        raise ExportError("--optimise int8 and --calibrate PICTURES belong together")
    if flags.optimise is None:
        _export_application(flags, 1 if flags.version is None else flags.version)
        return
    from serving.export.int8 import export_int8, versions

    base_path: Path = flags.output / flags.model
    if not versions(base_path):
        _export_application(flags, 1)
    elif flags.weights is not None:
        raise ExportError(f"--weights is of no use: {base_path} is there, and is what is optimised")
    with _timed() as done:
        path, _ = export_int8(
            base_path, flags.calibrate, flags.version, _say, anyway=flags.publish_anyway
        )
        done(path)


def _export_application(flags: argparse.Namespace, version: int) -> None:
    if flags.model not in NAMES:
        from serving.export.publish import ExportError

        there = "" if flags.optimise is None else f", and {flags.output} has no versions of it"
        a_path = "" if not Path(flags.model).exists() else "; a model at a path needs --name NAME"
        raise ExportError(f"{flags.model!r} is none of {', '.join(NAMES)}{there}{a_path}")
    from serving.export.classifier import save_classifier
    from serving.export.keras_application import build

    with _timed() as done:
        network = build(flags.model, flags.weights)
        with bar("writing it, and trying what was written", None):
            written = save_classifier(network, flags.output / flags.model, version)
        done(written)


def _export_saved(flags: argparse.Namespace) -> None:
    from serving.export.publish import ExportError
    from serving.export.saved import export_saved, pairs
    from serving.export.selection import Selection

    if flags.optimise is not None or flags.weights is not None:
        raise ExportError("--optimise and --weights are not for a path with --name")
    if flags.name in {"", ".", ".."} or "/" in flags.name:
        raise ExportError(f"--name {flags.name!r}: expected the name of a model, without /")
    selection = Selection(
        inputs=pairs("--feed", flags.feed),
        outputs=pairs("--fetch", flags.fetch),
        fixed=pairs("--fix", flags.fix),
    )
    version = 1 if flags.version is None else flags.version
    _say(str(export_saved(Path(flags.model), flags.output / flags.name, version, selection)))


@contextlib.contextmanager
def _timed() -> Iterator[Callable[[Path], None]]:
    """Give what says where the result is and how long it took."""
    started = time.monotonic()
    yield lambda path: _say(f"{path} in {time.monotonic() - started:.0f} s")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
