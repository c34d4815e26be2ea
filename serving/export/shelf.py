"""`python -m serving models`: a folder with all that is to be served, before a server starts.

TensorFlow Serving ends where a model of its configuration is not there. So this comes first, once:
it copies what ships with Kantu, exports what Keras has, and writes the configuration last.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from serving.export.command import MODELS, NAMES
from serving.export.command import main as export

_NO_MODEL = {"", "none"}  # as VQA_MODEL


class ShelfError(Exception):
    """A model cannot be put there; the text says why, and what to do."""


def main(arguments: Sequence[str]) -> int:
    """Fill the folder; return 0, or 1 with a line on standard error for each model."""
    flags = _parser().parse_args(arguments)
    names = [name for name in dict.fromkeys(flags.models) if name not in _NO_MODEL]
    if not names:
        sys.stderr.write("models: no model is named; expected one at least, such as demo\n")
        return 1
    problems = [problem for name in names if (problem := _try(name, flags.output, flags.shipped))]
    if not problems:
        try:
            _write_config(flags.output, Path(flags.served_from or flags.output), names)
        except OSError as error:
            problems = [str(error)]
    for problem in problems:
        sys.stderr.write(f"models: {problem}\n")
    return 1 if problems else 0


def _try(name: str, output: Path, shipped: Path) -> str:
    """Put one model there and say so; return what is wrong with it, or nothing."""
    try:
        sys.stdout.write(f"{name}: {put(name, output, shipped)}\n")
    except (ShelfError, OSError) as error:
        return str(error)
    return ""


def _parser() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(
        prog="python -m serving models",
        description="Put models and their models.config into a folder for a model server: "
        f"those that ship with Kantu or lie in --shipped, and Keras' {', '.join(NAMES)}.",
    )
    flags.add_argument("models", nargs="+", metavar="MODEL", help="a name; none: no model")
    flags.add_argument("--output", type=Path, required=True, metavar="DIR", help="the folder")
    flags.add_argument(
        "--shipped", type=Path, default=MODELS, metavar="DIR", help="default: serving/models"
    )
    flags.add_argument(
        "--served-from", metavar="DIR", help="where the server will find it; default: --output"
    )
    return flags


def versions(model: Path) -> list[Path]:
    """Return the versions of a model that a server could load, as far as the files tell."""
    return sorted(path.parent for path in model.glob("*/saved_model.pb") if _is_version(path))


def _is_version(path: Path) -> bool:
    return path.parent.name.isdecimal() and path.stat().st_size > 0


def put(name: str, output: Path, shipped: Path) -> str:
    """Have output hold that model; return what was done, or raise ShelfError."""
    ours = [each for each in versions(shipped / name) if not (output / name / each.name).exists()]
    for version in ours:
        _copy(version, output / name / version.name)
    if ours:
        return f"copied {', '.join(version.name for version in ours)}"
    if found := versions(output / name):
        return f"version {', '.join(version.name for version in found)} is there"
    if name not in NAMES:
        raise ShelfError(_missing(name, output, shipped))
    if export([name, "--output", str(output)]):
        raise ShelfError(f"{name} could not be exported; see above")
    return "exported"


def _missing(name: str, output: Path, shipped: Path) -> str:
    known = sorted({*NAMES, *(each.name for each in shipped.glob("*/") if versions(each))})
    folders = [folder for folder in (output / name, shipped / name) if folder.is_dir()]
    if folders:
        return (
            f"{folders[0]} holds no model; expected a version in it, such as "
            f"{folders[0]}/1/saved_model.pb"
        )
    return f"there is no model {name!r}; expected one of {', '.join(known)}, or {shipped / name}/1"


def _copy(version: Path, target: Path) -> None:
    """Copy a version; a server that looks meanwhile sees it whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".copy-", dir=target.parent))
    try:
        shutil.copytree(version, staging / "model")
        (staging / "model").rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _write_config(folder: Path, served_from: Path, names: Sequence[str]) -> None:
    entries = [
        f'  config {{ name: "{name}" base_path: "{served_from / name}" '
        'model_platform: "tensorflow" }'
        for name in names
    ]
    unfinished = folder / f".models.config.{os.getpid()}"
    unfinished.write_text("model_config_list {\n" + "\n".join(entries) + "\n}\n", "utf-8")
    unfinished.replace(folder / "models.config")
