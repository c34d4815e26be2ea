"""`python -m serving train`: the small models that ship with Kantu, made again from nothing."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from serving.progress import Lines

MODELS = Path(__file__).parents[1] / "models"
_PARTS = ("train", "test")  # of the photographs


def main(arguments: Sequence[str]) -> int:
    """Train, save and judge one model; return 0, or 1 with a line on standard error."""
    flags = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[Lines()])
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from serving.export.publish import ExportError
    from serving.train.photographs import PhotographsMissing

    base_path = flags.output / flags.model
    version = base_path / str(flags.version)
    if flags.only_report and not version.is_dir():
        sys.stderr.write(
            f"train: there is no {version}; expected a version to judge: give another --version or "
            "--output, or leave out --only-report to make it\n"
        )
        return 1
    try:
        if flags.only_report:
            _JUDGES[flags.model](version, base_path)
        else:
            _train(base_path, flags.version, _MAKERS[flags.model])
    except (ExportError, PhotographsMissing) as error:
        sys.stderr.write(f"train: {error}\nThe model that was there stays as it is.\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(
        prog="python -m serving train",
        description=f"{__doc__} A version that is there already is replaced when all is done.",
        epilog="demo classifies pictures; vqa answers questions about pictures of shapes. Both "
        "need the Python packages that `make train` installs, and photographs of Debian's packages "
        "of wallpapers: `apt-get download` fetches those that serving/train/photographs.csv names, "
        "once, to ~/.cache/kantu/photographs, and installs none.",
    )
    flags.add_argument("model", choices=list(_MAKERS))
    flags.add_argument(
        "--output", type=Path, default=MODELS, metavar="DIR",
        help="holds DIR/model/version and the report; default: serving/models",
    )  # fmt: skip
    flags.add_argument(
        "--only-report", action="store_true", help="judge the version that is there already"
    )
    flags.add_argument("--version", type=int, default=1, help="default: 1")
    return flags


def _train(base_path: Path, version: int, make: Callable[[Path, int], None]) -> None:
    """Make the model and its report beside those of base_path, and only then replace them."""
    from serving.train import photographs

    for part in _PARTS:
        photographs.load(part)  # what cannot be fetched is known now, not after the training
    base_path.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".train-", dir=base_path) as folder:
        made = Path(folder) / base_path.name
        make(made, version)
        _replace(base_path, made, Path(folder))


def _make_demo(made: Path, version: int) -> None:
    from serving.train import demo, report

    report.write(demo.save(demo.train(), made, version), made)


def _make_vqa(made: Path, version: int) -> None:
    from serving.train.vqa import exam, making, report, trials

    frozen = trials.digest(exam.FROZEN)  # before anything is learned
    report.write(making.save(making.make(), made, version), made, frozen)


def _judge_demo(model: Path, folder: Path) -> None:
    from serving.train import report

    report.write(model, folder)


def _judge_vqa(model: Path, folder: Path) -> None:
    from serving.train.vqa import report

    report.write(model, folder)


_MAKERS: dict[str, Callable[[Path, int], None]] = {"demo": _make_demo, "vqa": _make_vqa}
_JUDGES: dict[str, Callable[[Path, Path], None]] = {"demo": _judge_demo, "vqa": _judge_vqa}


def _replace(base_path: Path, made: Path, retired: Path) -> None:
    """Move everything in made to base_path; the version folder that it replaces to retired."""
    for new in sorted(made.iterdir()):
        old = base_path / new.name
        if old.is_dir():
            old.rename(retired / old.name)
        new.replace(old)
