"""A model folder appears whole, and only if TensorFlow Serving could load it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from serving.errors import ServingError
from serving.platforms.tensorflow import SavedModel
from serving.protocol.json_tensor import Array


class ExportError(Exception):
    """The export was not published; the text says why and what to do."""


def publish(
    write: Callable[[Path], None],
    base_path: Path,
    version: int,
    trial: Mapping[str, Array] | None = None,
) -> Path:
    """Let write fill a folder, load it and run trial, then rename it to base_path/version.

    Without a trial it is loaded only: what a model of somebody else's takes is not known.

    A server that polls base_path sees the version whole or not at all. Raises ExportError where
    the version is already there or the model cannot be loaded by the session loader.
    """
    if version < 0:
        raise ExportError(f"--version {version}: expected a whole number that is not negative")
    target = base_path / str(version)
    if target.exists():
        raise ExportError(
            f"{target} is already there; published versions do not change: "
            "give another --version, or remove the folder first"
        )
    new = not base_path.exists()
    base_path.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".export-", dir=base_path))
    try:
        staging.chmod(0o755)  # mkdtemp's 0700 would hide it from a server run by someone else
        write(staging)
        _try_out(staging, trial)
        staging.rename(target)
    except ServingError as error:
        raise ExportError(f"TensorFlow Serving would refuse this export: {error}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if new and not target.exists():
            base_path.rmdir()
    return target


def _try_out(folder: Path, trial: Mapping[str, Array] | None) -> None:
    model = SavedModel(folder)
    for name, signature in model.signatures.items():
        if signature.inputs and trial is not None:
            model.run(name, trial)
