"""What lies at a path that somebody saved a model to, by what is in it, not by how it is called."""

from __future__ import annotations

import dataclasses
import difflib
import enum
import re
import zipfile
from pathlib import Path

from serving.export.publish import ExportError

_SAVER_PART = re.compile(r"\.(meta|index|data-\d{5}-of-\d{5})$")
_EXPECTED = (
    "a SavedModel (a folder with saved_model.pb), a checkpoint of TensorFlow 1 (.meta, .index, "
    ".data-…), a frozen graph (.pb, .pbtxt) or a Keras model (.keras, .h5)"
)


class Kind(enum.Enum):
    """The forms that are read."""

    SAVED_MODEL = "a SavedModel"
    SAVER = "a checkpoint of TensorFlow 1's Saver"
    GRAPH = "a graph of TensorFlow 1"
    KERAS = "a Keras model"


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """A saved model."""

    kind: Kind
    path: Path  # the folder of a SavedModel, the prefix of a checkpoint, otherwise the file


def recognise(path: Path) -> Source:
    """Return what is there; raise ExportError."""
    if path.is_dir():
        return _in_folder(path)
    if path.name in {"saved_model.pb", "saved_model.pbtxt"} and path.exists():
        return Source(Kind.SAVED_MODEL, path.parent)
    prefix = path.with_name(_SAVER_PART.sub("", path.name))
    if _parts(prefix):
        return Source(Kind.SAVER, prefix)
    if not path.exists():
        raise ExportError(_missing(path))
    return Source(_of_file(path), path)


def _parts(prefix: Path) -> list[Path]:
    return [each for end in (".meta", ".index") if (each := Path(f"{prefix}{end}")).is_file()]


def _in_folder(folder: Path) -> Source:
    if _is_saved_model(folder):
        return Source(Kind.SAVED_MODEL, folder)
    versions = [each for each in folder.iterdir() if each.name.isdecimal()]
    if found := [each for each in versions if _is_saved_model(each)]:
        return Source(Kind.SAVED_MODEL, max(found, key=lambda each: int(each.name)))
    if prefix := _latest(folder):
        return Source(Kind.SAVER, prefix)
    raise ExportError(f"the folder {folder} holds no model; expected {_EXPECTED}")


def _is_saved_model(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("saved_model.pb", "saved_model.pbtxt"))


def _latest(folder: Path) -> Path | None:
    """Return the newest checkpoint: the one that the Saver wrote down, or the only one there."""
    state = folder / "checkpoint"
    if state.is_file():
        said = re.search(r'^model_checkpoint_path: "(.*)"', state.read_text("utf-8"), re.MULTILINE)
        # An absolute path is that of the machine that trained it; the files have come here since.
        if said and _parts(prefix := folder / Path(said[1]).name):
            return prefix
    prefixes = {each.with_suffix("") for each in folder.glob("*.index")}
    if len(prefixes) > 1:
        names = ", ".join(sorted(each.name for each in prefixes))
        raise ExportError(f"{folder} holds several checkpoints: give one of {names}")
    return next(iter(prefixes), None)


def _missing(path: Path) -> str:
    there = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, there, 3)
    hint = f"; near it: {', '.join(near)}" if near else ""
    return f"there is no {path}{hint}"


def _of_file(path: Path) -> Kind:
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        raise ExportError(f"{path} is empty; expected {_EXPECTED}")
    if start.startswith(b"\x89HDF"):
        return Kind.KERAS
    if start.startswith(b"PK"):
        return _of_archive(path)
    if start[4:] == b"TFL3":
        raise ExportError(
            f"{path} is a TFLite model, which is served as it is: as NAME/1/model.tflite"
        )
    if path.suffix in {".pb", ".pbtxt"}:
        return Kind.GRAPH
    raise ExportError(f"{path} is nothing that is known here; expected {_EXPECTED}")


def _of_archive(path: Path) -> Kind:
    try:
        names = zipfile.ZipFile(path).namelist()
    except zipfile.BadZipFile as error:
        raise ExportError(f"{path} is damaged, or only a part of it: {error}") from None
    if "config.json" in names and "metadata.json" in names:
        return Kind.KERAS
    kind = "a PyTorch model" if any(each.endswith("data.pkl") for each in names) else "an archive"
    raise ExportError(f"{path} is {kind} of another kind; expected {_EXPECTED}")
