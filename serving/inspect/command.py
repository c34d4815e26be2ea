"""`python -m serving inspect`: what a saved model takes and gives, and a test run of it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from serving.errors import ServingError
from serving.export.publish import ExportError
from serving.export.source import Kind, recognise


def main(arguments: Sequence[str]) -> int:
    """Print what there is; return 0, or 1 with a line on standard error."""
    flags = _parser().parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        for line in _lines(flags):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()  # the next may take long
    except (ExportError, ServingError, OSError) as error:
        sys.stderr.write(f"inspect: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(
        prog="python -m serving inspect",
        description="Say what a saved model is: tags, signatures, types and shapes, and run a "
        "SavedModel once. Of a checkpoint or a graph of TensorFlow 1, the tensors that may become "
        "inputs and outputs: docs/models.md.",
    )
    flags.add_argument(
        "path",
        type=Path,
        metavar="PATH",
        help="a SavedModel or a folder of versions, a checkpoint, a frozen graph, a Keras model",
    )
    flags.add_argument("--signature", default="", metavar="NAME", help="which to run")
    flags.add_argument(
        "--inputs", metavar="JSON", help='what to run it on, such as {"x": [1.0]}; default: zeros'
    )
    flags.add_argument(
        "--file",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="an input that is a batch of one file, such as image=cat.jpg",
    )
    flags.add_argument(
        "--all", action="store_true", help="every tensor and variable, not just twenty"
    )
    return flags


def _lines(flags: argparse.Namespace) -> Iterator[str]:
    source = recognise(flags.path)
    yield f"{source.path}: {source.kind.value}"
    if source.kind is Kind.SAVED_MODEL:
        from serving.inspect import saved_model

        given = saved_model.Given(name=flags.signature, inputs=flags.inputs, files=flags.file)
        yield from saved_model.lines(source.path, given)
        return
    if flags.inputs is not None or flags.file or flags.signature:
        raise ExportError("--inputs, --file and --signature are for SavedModels: export it first")
    if source.kind is Kind.KERAS:
        from serving.inspect import keras_model

        yield from keras_model.lines(source.path)
    else:
        from serving.inspect import graph

        yield from graph.lines(source, everything=flags.all)
