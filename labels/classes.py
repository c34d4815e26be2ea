"""The names of a model's classes, from a CSV file or from the sheet that came with the model."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from labels import FOLDER


class LabelsError(Exception):
    """The file holds no class names, or not those of this model; the text says what was found."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ClassName:
    """What one class is called."""

    english: str
    chinese: str  # empty where nobody has written it yet

    def in_language(self, language: str) -> str:
        """Return the name in "zh" or "en"; English stands in for a missing Chinese name."""
        return self.chinese or self.english if language == "zh" else self.english


def default_labels(model: str) -> Path:
    """Return our label file for a model of that name: its own, or ImageNet's 1,000 classes."""
    own = FOLDER / f"{model}.csv"
    return own if own.is_file() else FOLDER / "imagenet.csv"


def read_labels(path: Path) -> dict[int, ClassName]:
    """Return class number -> name; raise LabelsError.

    Columns: index, english, chinese; or class_NO, class_EN and, if there, class_CN. Others are
    ignored. The file is CSV in UTF-8, or an .xlsx sheet.
    """
    try:
        rows = _sheet(path) if path.suffix.lower() == ".xlsx" else _csv(path)
    except (OSError, ValueError, csv.Error) as error:
        raise LabelsError(f"{path} cannot be read: {error}") from None
    names: dict[int, ClassName] = {}
    for line, row in enumerate(rows, start=2):
        number, name = _entry(row, f"{path}, line {line}")
        if number in names:
            raise LabelsError(f"{path}, line {line}: class {number} stands there twice")
        names[number] = name
    if not names:
        raise LabelsError(f"{path} names no class")
    return names


def match_labels(names: Mapping[int, ClassName], classes: int) -> dict[int, ClassName]:
    """Return the names by the numbers of a model with that many classes; raise LabelsError.

    A model with one class more than there are names has a background class first (number 0), as
    many of TensorFlow's ImageNet models with 1,001 classes do; it gets no name.
    """
    numbers = set(names)
    if numbers == set(range(classes)) or numbers == set(range(1, classes)):
        return dict(names)
    if numbers == set(range(classes - 1)):
        return {number + 1: name for number, name in names.items()}
    raise LabelsError(
        f"the model has {classes} classes, the label file names {len(numbers)} "
        f"(numbers {min(numbers)} to {max(numbers)}): set CLASSIFIER_LABELS to the model's own file"
    )


def _entry(row: Mapping[str, str], where: str) -> tuple[int, ClassName]:
    number = row.get("index") or row.get("class_NO") or ""
    english = row.get("english") or row.get("class_EN") or ""
    try:
        index = int(float(number))  # sheets like to write 7.0
    except ValueError:
        index = -1
    if index < 0 or not english:
        raise LabelsError(
            f"{where}: expected columns index and english (or class_NO and class_EN), "
            f"a number and a name; found {dict(row)}"
        )
    return index, ClassName(
        english=english.strip(), chinese=(row.get("chinese") or row.get("class_CN") or "").strip()
    )


def _csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [{k: v for k, v in row.items() if k and v} for row in csv.DictReader(file)]


def _sheet(path: Path) -> list[dict[str, str]]:
    import openpyxl  # only few have a sheet, and it brings numpy where there is one

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # noqa: BLE001  # openpyxl lets everything that zip and XML can raise pass
        raise ValueError(f"not a readable .xlsx file: {error}") from None
    rows = book.worksheets[0].iter_rows(values_only=True)
    header = [_text(cell) for cell in next(rows, ())]
    return [_named(header, row) for row in rows if any(cell is not None for cell in row)]


def _named(header: Sequence[str], row: Iterable[object]) -> dict[str, str]:
    return {key: _text(cell) for key, cell in zip(header, row, strict=False) if cell is not None}


def _text(cell: object) -> str:
    return "" if cell is None else str(cell)
