"""What the classes of a model are called, as far as we have a file of names that fits."""

from __future__ import annotations

from labels import FOLDER
from labels.classes import LabelsError, match_labels, read_labels


def names(model: str, classes: int, language: str) -> list[str]:
    """Return a name for each class, empty where one has none; no names where no file fits.

    A model's own file is labels/MODEL.csv; a thousand classes are taken for ImageNet's.
    """
    files = {path.stem: path for path in FOLDER.glob("*.csv")}  # a name is no path
    for path in filter(None, (files.get(model), files["imagenet"])):
        try:
            found = match_labels(read_labels(path), classes)
        except LabelsError:
            continue
        return [
            found[number].in_language(language) if number in found else ""
            for number in range(classes)
        ]
    return []
