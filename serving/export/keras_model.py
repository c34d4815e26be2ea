"""SavedModels out of whole Keras models: .keras, or .h5 as Keras 2 wrote them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from serving.export.publish import ExportError


def write(path: Path, folder: Path) -> None:
    """Write the SavedModel of a Keras model; raise ExportError. No code of the file is run."""
    model = load(path)
    try:
        model.export(str(folder), verbose=False)
    except (TypeError, ValueError) as error:
        raise ExportError(f"{path} cannot be exported: {_first_line(error)}") from None


def load(path: Path) -> Any:
    """Return the model; raise ExportError."""
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # noqa: BLE001  # Keras raises whatever its layers raise
        raise ExportError(_refusal(path, _first_line(error))) from None


def _refusal(path: Path, words: str) -> str:
    if "No model config found" in words:
        return f"{path} has weights alone; expected a whole model, as model.save('x.keras') writes"
    if "Lambda" in words or "unsafe" in words:
        return (
            f"{path} holds Python code (a Lambda layer), which is not run here. Where you trust "
            "it, load it in a program of your own, and there: model.export('NAME/1')"
        )
    return f"{path} is no Keras model that can be loaded, or is damaged: {words}"


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
