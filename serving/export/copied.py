"""SavedModels of others, such as an Estimator's export, as versions of a model."""

from __future__ import annotations

import shutil
from pathlib import Path

from serving.export.publish import ExportError
from serving.platforms.placement import release
from serving.platforms.tensorflow import import_tensorflow


def write(source: Path, folder: Path) -> None:
    """Copy a SavedModel, bound to no device: where it was trained does not bind where it is served.

    Raises ExportError where it is none.
    """
    import_tensorflow()
    from tensorflow.python.saved_model import loader_impl

    try:
        saved = loader_impl.parse_saved_model(str(source))
    except OSError as error:
        raise ExportError(f"{source}: {str(error).partition(chr(10))[0]}") from None
    unwanted = shutil.ignore_patterns("saved_model.pb", "saved_model.pbtxt", "fingerprint.pb")
    shutil.copytree(source, folder, ignore=unwanted, dirs_exist_ok=True)
    for each in saved.meta_graphs:
        release(each.graph_def)
    (folder / "saved_model.pb").write_bytes(saved.SerializeToString())
