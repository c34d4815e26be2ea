"""The pictures that a model is quantised by, and those on which it is compared with itself."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from labels.classes import ClassName, LabelsError, default_labels, match_labels, read_labels
from serving.export.publish import ExportError
from serving.protocol.json_tensor import Array

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp")  # what tf.io.decode_image reads
CALIBRATING = 200  # pictures; more make no better ranges, but a longer wait
FEW = 100  # pictures to compare on; among fewer, one is worth more than a point


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One file."""

    path: Path
    label: int | None  # its class, where the folder says it

    def read(self) -> Array:
        """Return the file as a batch of one, for an input of strings."""
        return np.array([self.path.read_bytes()], np.object_)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A folder's pictures; none is in both."""

    calibrating: Sequence[Picture]
    comparing: Sequence[Picture]


def collect(folder: Path, model: str, classes: int) -> Split:
    """Return the pictures in a folder, or in its folders of classes; raise ExportError.

    A folder of a class has its number for a name, or its name in the model's label file.
    """
    if not folder.is_dir():
        raise ExportError(f"--calibrate {folder}: there is no such folder")
    paths = sorted(each for each in folder.rglob("*") if each.suffix.lower() in SUFFIXES)
    if len(paths) < 2:
        raise ExportError(
            f"--calibrate {folder}: {len(paths)} pictures ({', '.join(SUFFIXES)}) found; expected "
            f"some {CALIBRATING + FEW} like those that the model will be asked about"
        )
    numbers = _numbers(folder, paths, model, classes)
    pictures = [Picture(path=path, label=numbers[path.parent]) for path in paths]
    random.Random(0).shuffle(pictures)  # noqa: S311  # no secret: the same each time
    half = min(CALIBRATING, len(pictures) // 2)
    return Split(calibrating=pictures[:half], comparing=pictures[half:])


def _numbers(
    folder: Path, paths: Sequence[Path], model: str, classes: int
) -> Mapping[Path, int | None]:
    """Return the class of each folder with pictures; None for all where there are no classes."""
    parents = sorted({each.parent for each in paths})
    if parents == [folder]:
        return {folder: None}
    wrong = [each for each in parents if each.parent != folder]
    if wrong:
        raise ExportError(
            f"{wrong[0]} holds pictures; expected all of them in {folder} itself, or all in "
            "folders there, one for each class"
        )
    known = _known(parents, model, classes)
    strange = [each.name for each in parents if each.name not in known]
    if strange:
        raise ExportError(
            f"{folder / strange[0]}: {strange[0]!r} is no class of {model}; expected a number from "
            f"0 to {classes - 1}, or a name in {default_labels(model)}"
        )
    return {each: known[each.name] for each in parents}


def _known(parents: Sequence[Path], model: str, classes: int) -> dict[str, int]:
    """Return all names that a folder may have: numbers, and where they are needed, names."""
    numbers = {str(number): number for number in range(classes)}
    if all(each.name in numbers for each in parents):
        return numbers
    try:
        names = match_labels(read_labels(default_labels(model)), classes)
    except LabelsError as error:
        raise ExportError(
            f"{parents[0].parent}: folders are not all named by the numbers of classes, and there "
            f"are no names for {model}: {error}"
        ) from None
    return _named(names) | numbers


def _named(names: Mapping[int, ClassName]) -> dict[str, int]:
    return {
        text: number
        for number, name in names.items()
        for text in (name.english, name.chinese)
        if text
    }
