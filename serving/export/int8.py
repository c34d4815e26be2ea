"""`--optimise int8`: the next version of a model, which computes in int8 where the server can.

It is the newest version again, as it is, and beside its files the folder int8/, which the embedded
server prefers. tensorflow_model_server does not look into it: there the version answers in fp32.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from serving.errors import ServingError
from serving.export.classifier import sample_picture
from serving.export.comparison import PROBABILITIES, Comparison, compare
from serving.export.cut import Parts
from serving.export.pictures import Picture, collect
from serving.export.publish import ExportError, publish
from serving.export.quantise import check_alike, quantise, read_parts, save_around
from serving.platforms.int8 import FOLDER, NETWORK, PIXELS, Int8Classifier
from serving.platforms.tensorflow import SavedModel
from serving.protocol.json_tensor import Array
from serving.protocol.signature import DEFAULT

Say = Callable[[str], None]


def versions(base_path: Path) -> list[int]:
    """Return the numbers of a model's versions, the newest last."""
    return sorted(int(each.name) for each in base_path.glob("*/") if each.name.isdecimal())


def export_int8(
    base_path: Path, pictures: Path, version: int | None, say: Say, *, anyway: bool = False
) -> tuple[Path, Comparison]:
    """Write the version, the newest plus 1 unless told, and its report.

    Returns its folder, and how it answers beside the newest.

    Raises ExportError where the model cannot be quantised, and where it answers much worse then,
    unless it is to be published anyway.
    """
    newest = base_path / str(versions(base_path)[-1])
    model = _load(newest)
    split = collect(pictures, base_path.name, _classes(model, newest))
    calibrating, comparing = len(split.calibrating), len(split.comparing)
    say(f"{newest}: {calibrating:,} pictures to calibrate by, {comparing:,} to compare on")
    parts, found = read_parts(newest), list[Comparison]()

    def write(folder: Path) -> None:
        shutil.copytree(newest, folder, ignore=shutil.ignore_patterns(FOLDER), dirs_exist_ok=True)
        _write_network(parts, folder / FOLDER, split.calibrating, say)
        say("Both are asked about the other pictures:")
        with closing(Int8Classifier(folder / FOLDER, interpreters=1)) as quantised:
            found.append(compare(model, quantised, split.comparing, say))
        say("\n" + found[0].markdown())
        if (fault := found[0].fault()) and not anyway:
            raise ExportError(f"{fault}. Nothing is published; {_ADVICE}")

    number = int(newest.name) + 1 if version is None else version
    with closing(model):
        folder = publish(write, base_path, number, _trial(model))
    report = _REPORT.format(name=base_path.name, version=number, table=found[0].markdown())
    (base_path / f"{number}-int8.md").write_text(report, "utf-8")
    return folder, found[0]


def _load(version: Path) -> SavedModel:
    try:
        return SavedModel(version)
    except ServingError as error:
        raise ExportError(f"{version} cannot be loaded: {error}") from None


def _classes(model: SavedModel, version: Path) -> int:
    """Return how many classes it knows; raise ExportError where it is no such model."""
    signature = model.signatures.get(DEFAULT)
    output = signature.outputs.get(PROBABILITIES) if signature else None
    if output is None or not output.shape or len(output.shape) != 2 or output.shape[1] < 1:
        raise ExportError(
            f"{version} cannot be quantised: expected a classifier, whose signature {DEFAULT} has "
            f"an output {PROBABILITIES} [batch, classes]; docs/own-model.md makes one"
        )
    return output.shape[1]


def _trial(model: SavedModel) -> dict[str, Array]:
    sample = np.array([sample_picture()], np.object_)
    return {name: sample for each in model.signatures.values() for name in each.inputs}


def _write_network(
    parts: Mapping[str, Parts], folder: Path, pictures: Sequence[Picture], say: Say
) -> None:
    """Write int8/, calibrated by the pictures; raise ExportError."""
    save_around(parts, folder)
    with closing(SavedModel(folder)) as around:
        pixels = _pixels(around, pictures, say)
    check_alike(parts, pixels[0])
    say("The ranges of all values are taken on the calibrating pictures:")
    (folder / NETWORK).write_bytes(quantise(parts[DEFAULT].network, pixels))


def _pixels(around: SavedModel, pictures: Sequence[Picture], say: Say) -> list[Array]:
    """Return float32 [1, height, width, channels] of each picture that can be read."""
    ((name, _),), found = around.signatures[PIXELS].inputs.items(), list[Array]()
    for picture in pictures:
        try:
            found.extend(around.run(PIXELS, {name: picture.read()}).values())
        except ServingError:
            say(f"  {picture.path} cannot be read, and is left out")
    if not found:
        raise ExportError(f"none of the {len(pictures)} pictures to calibrate by can be read")
    return found


_ADVICE = (
    "other pictures to calibrate by may help (more, and more like those that the model is asked "
    "about), or --publish-anyway"
)
_REPORT = """\
# {name}, version {version}: in int8 beside fp32

Written by `python -m serving export {name} --optimise int8`.

{table}
"""
