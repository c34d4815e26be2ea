"""Photographs to learn what is *not* a digit from, and others, by other people, to be judged by.

None is kept in this repository: they come with Python packages that `make train` installs and with
Debian packages of wallpapers, which are fetched and unpacked, not installed. photographs.csv names
each picture, its source and its part; a picture is in one part only, with all its crops.
"""

from __future__ import annotations

import collections
import csv
import functools
import importlib.util
import subprocess
from pathlib import Path

from PIL import Image, ImageEnhance

from serving.train.camera import Random, compress

LIST = Path(__file__).with_name("photographs.csv")
_CACHE = Path.home() / ".cache" / "kantu" / "photographs"
_LONG_SIDE = 768  # pixels kept of each: crops are shown to a small network


class PhotographsMissing(Exception):
    """A source could not be found or fetched; the text says which and what to do."""


@functools.cache
def load(part: str) -> tuple[Image.Image, ...]:
    """Return the photographs of "train" or "test", small; raise PhotographsMissing."""
    return tuple(_open(_folder(row["source"]) / row["path"]) for row in _rows(part))


def sources(part: str) -> dict[str, int]:
    """Return how many distinct photographs of that part each source gives."""
    return dict(collections.Counter(row["source"] for row in _rows(part)))


def _rows(part: str) -> list[dict[str, str]]:
    with LIST.open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["part"] == part]


def crop(rng: Random, photograph: Image.Image) -> Image.Image:
    """Return some part of the photograph, perhaps mirrored, grey, faded or compressed."""
    short = min(photograph.size)
    height = int(short * rng.uniform(0.25, 1.0))
    width = min(photograph.width, int(height * rng.uniform(0.6, 1.7)))
    x = int(rng.integers(0, photograph.width - width + 1))
    y = int(rng.integers(0, photograph.height - height + 1))
    part = photograph.crop((x, y, x + width, y + height))
    if rng.random() < 0.5:
        part = part.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if rng.random() < 0.3:
        part = ImageEnhance.Color(part).enhance(0)
    part = ImageEnhance.Brightness(part).enhance(rng.uniform(0.7, 1.3))
    return compress(part, int(rng.integers(35, 96))) if rng.random() < 0.5 else part


def _open(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.draft("RGB", (_LONG_SIDE, _LONG_SIDE))
        small = image.convert("RGB")
    small.thumbnail((_LONG_SIDE, _LONG_SIDE), Image.Resampling.BOX)
    return small


@functools.cache
def _folder(source: str) -> Path:
    kind, _, name = source.rpartition(":")
    return _debian_package(name) if kind == "debian" else _python_package(name)


def _python_package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise PhotographsMissing(
            f"the Python package {name} is not installed: make train does that"
        )
    return Path(spec.origin).parent


def _debian_package(name: str) -> Path:
    folder = _CACHE / name
    if folder.is_dir():
        return folder
    _CACHE.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(["apt-get", "-q", "download", name], cwd=_CACHE, check=True)  # noqa: S603, S607
        archive = next(_CACHE.glob(f"{name}_*.deb"))
        unpacked = folder.with_suffix(".part")
        subprocess.run(["dpkg-deb", "-x", archive, unpacked], check=True)  # noqa: S603, S607
    except (OSError, subprocess.CalledProcessError, StopIteration) as error:
        raise PhotographsMissing(
            f"could not fetch the Debian package {name}, whose photographs the training uses: "
            f"{error}. Training needs apt-get and a way to a Debian mirror; `apt-get update` may "
            f"help. Where there is no apt, fetch the package elsewhere and unpack it to {folder}"
        ) from None
    archive.unlink()
    return unpacked.rename(folder)
