"""Which platform a version is of, and which file of its folder is the model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from serving.errors import InvalidArgument, NotFound
from serving.platforms import retired
from serving.platforms.platform import AUTO, PLATFORMS, TENSORFLOW, Platform, named


def find(said: str, version: Path) -> tuple[Platform, Path]:
    """Return the platform, and its model: a file, or the folder of a SavedModel.

    said: one of platform.NAMES. Raises ServingError.
    """
    files = listed(version)
    if said == AUTO:
        platform = tell(version)
        if platform is None:
            retired.refuse(said, files)
            return TENSORFLOW, version  # which tells what it expects
    else:
        platform = named(said)
    if platform is TENSORFLOW:
        _check_saved_model(version, files)
        return platform, version
    return platform, _model(platform, said, version)


def tell(version: Path) -> Platform | None:
    """Return the platform that the files are of, if any; raise InvalidArgument for several."""
    files = listed(version)
    found = [each for each in PLATFORMS if _of(each, files, said=False)]
    if TENSORFLOW in found or not found:  # a SavedModel may have model.tflite beside it
        return TENSORFLOW if found else None
    if len(found) > 1:
        raise InvalidArgument(
            f"files of several platforms in {version}: {', '.join(each.name for each in found)}; "
            "say which: model_platform"
        )
    return found[0]


def tells_other(base: Path) -> bool:
    """Return whether the files here are a model of another platform than TensorFlow."""
    try:
        return tell(base) not in {None, TENSORFLOW}
    except InvalidArgument:
        return True


def listed(version: Path) -> list[Path]:
    """Return the files in a version's folder that are not hidden; or the one that it is."""
    if version.is_file():
        return [version]
    return sorted(each for each in version.iterdir() if not each.name.startswith("."))


def _of(platform: Platform, files: Sequence[Path], *, said: bool) -> list[Path]:
    return [each for each in files if platform.matches(each, said=said)]


def _model(platform: Platform, said: str, version: Path) -> Path:
    """Return the one file of the platform; of several the one named model. Raises ServingError."""
    files = listed(version)
    found = _of(platform, files, said=False) or _of(platform, files, said=True)
    if not found:
        retired.refuse(said, files)
        wanted = ", ".join((*platform.files, *platform.others))
        raise NotFound(
            f"no model of platform {platform.name} in {version}; expected: {wanted}; "
            f"found: {_shown(files)}"
        )
    chosen = [each for each in found if each.stem == "model"] or found
    if len(chosen) > 1:
        raise InvalidArgument(
            f"several models in {version}: {', '.join(each.name for each in chosen)}; "
            "name the right one model, with its ending"
        )
    return chosen[0]


def _check_saved_model(version: Path, files: Sequence[Path]) -> None:
    """Raise NotFound where there is no SavedModel, but something of another platform."""
    if _of(TENSORFLOW, files, said=True):
        return
    others = [each for each in PLATFORMS[1:] if _of(each, files, said=False)]
    if others:
        raise NotFound(
            f"no SavedModel in {version}; found: {_shown(files)}; "
            f"its model_platform is rather: {' or '.join(each.name for each in others)}"
        )


def _shown(files: Sequence[Path]) -> str:
    return ", ".join(each.name for each in files[:5]) or "nothing"
