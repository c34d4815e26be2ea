"""Weights files of Keras' host, fetched once: whole, or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import keras

from serving.export.publish import ExportError

WEIGHTS_URL = "https://storage.googleapis.com/tensorflow/keras-applications"


def fetch(weights: str) -> Path:
    """Return that file of Keras' host, or of the mirror KERAS_WEIGHTS_URL; raise ExportError."""
    mirror = os.environ.get("KERAS_WEIGHTS_URL", "")
    path = _folder(mirror) / Path(weights).name
    if not path.exists():
        _download(f"{(mirror or WEIGHTS_URL).rstrip('/')}/{weights}", path)
    return path


def _folder(mirror: str) -> Path:
    """Return the cache: Keras' own, but never mistaking a mirror's file for Keras' own."""
    home = os.environ.get("KERAS_HOME")
    models = (Path(home) if home else Path.home() / ".keras") / "models"
    return models / hashlib.sha256(mirror.encode()).hexdigest()[:8] if mirror else models


def _download(url: str, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # get_file takes whatever lies under the name for the file, so half a file must not.
        with tempfile.TemporaryDirectory(prefix=".download-", dir=path.parent) as staging:
            Path(keras.utils.get_file(origin=url, cache_subdir=staging)).replace(path)
    except Exception as error:  # noqa: BLE001  # Keras turns every failure of urllib into a bare Exception
        raise ExportError(
            f"no weights from {url}: {error}\n"
            "Is there a way to the internet from here? If not, fetch that file elsewhere and give "
            "it by --weights FILE, or name a mirror by KERAS_WEIGHTS_URL. Fetched files are kept "
            f"in {path.parent}; KERAS_HOME names another place."
        ) from None
