"""`python -m serving export PATH`: what somebody saved, as a version that can be served."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from serving.export.publish import ExportError, publish
from serving.export.selection import Selection
from serving.export.source import Kind, Source, recognise


def export_saved(path: Path, base_path: Path, version: int, selection: Selection) -> Path:
    """Write base_path/version out of what lies at the path, and return it; raise ExportError."""
    source = recognise(path)
    chosen = selection.inputs or selection.outputs or selection.fixed
    if chosen and source.kind in {Kind.KERAS, Kind.SAVED_MODEL}:
        raise ExportError(
            f"{source.path} is {source.kind.value}, which has its inputs and outputs by itself; "
            "--feed, --fetch and --fix are for checkpoints and graphs of TensorFlow 1"
        )
    return publish(lambda folder: _write(source, selection, folder), base_path, version)


def _write(source: Source, selection: Selection, folder: Path) -> None:
    # Each imports TensorFlow, and one of them Keras as well.
    if source.kind is Kind.KERAS:
        from serving.export import keras_model

        keras_model.write(source.path, folder)
    elif source.kind is Kind.SAVED_MODEL:
        from serving.export import copied

        copied.write(source.path, folder)
    elif source.kind is Kind.SAVER:
        from serving.export.graph_model import write_checkpoint

        write_checkpoint(source.path, selection, folder)
    else:
        from serving.export.graph_model import write_frozen

        write_frozen(source.path, selection, folder)


def pairs(flag: str, given: Sequence[str]) -> dict[str, str]:
    """Return NAME=VALUE arguments as a mapping; raise ExportError."""
    found = dict[str, str]()
    for each in given:
        name, sign, value = each.partition("=")
        if not (name and sign and value):
            raise ExportError(
                f"{flag} {each}: expected NAME={'VALUE' if flag == '--fix' else 'TENSOR'}"
            )
        if name in found:
            raise ExportError(f"{flag} {name} is there twice")
        found[name] = value
    return found
