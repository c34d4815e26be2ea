"""Handwritten digits that look photographed.

scikit-learn's 1,797 scans of 8x8 pixels (UCI Optical Recognition of Handwritten Digits), split
once into pictures to learn from and pictures to be judged by, and only then varied; and the digits
of the fonts that come with matplotlib, so that a printed 7 is a 7 as well.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from serving.train.camera import Pixels, Random, light, paper, photograph, pick, rule

_SMOOTH = (Image.Resampling.BICUBIC, Image.Resampling.BILINEAR, Image.Resampling.LANCZOS)
_UPSCALE = _SMOOTH * 3 + (Image.Resampling.NEAREST,)


@functools.cache
def split(part: str) -> tuple[Pixels, npt.NDArray[np.int64]]:
    """Return scans [n, 8, 8] in 0..1 and their digits for "train", "tune" or "test": 67, 8, 25 %.

    "tune" is cut from the training part and sets the temperature; nothing is fitted on "test".
    """
    scans = load_digits()
    images = scans.images.astype(np.float32) / 16
    rest, test, rest_y, test_y = train_test_split(
        images, scans.target, test_size=0.25, random_state=0, stratify=scans.target
    )
    train, tune, train_y, tune_y = train_test_split(
        rest, rest_y, test_size=0.1, random_state=0, stratify=rest_y
    )
    parts = {"train": (train, train_y), "tune": (tune, tune_y), "test": (test, test_y)}
    return parts[part]


def draw(rng: Random, scan: Pixels) -> Image.Image:
    """Return a photograph-like RGB picture of one scan: pen, paper, light, camera."""
    side = int(rng.integers(64, 140))
    if rng.random() < 0.5:  # many scans touch their border, which cuts the strokes off
        scan = np.pad(scan, 1)
    ink = Image.fromarray((scan * 255).astype(np.uint8)).resize((side, side), pick(rng, _UPSCALE))
    return _photographed(rng, ink, rng.uniform(0.4, 0.94))


def draw_plain(rng: Random, scan: Pixels) -> Image.Image:
    """Return the scan as it is, enlarged: black on white or white on black, filling the frame."""
    ink = scan if rng.random() < 0.5 else 1 - scan
    side = int(rng.integers(40, 200))
    picture = Image.fromarray((ink * 255).astype(np.uint8))
    return picture.resize((side, side), pick(rng, _UPSCALE)).convert("RGB")


def draw_printed(rng: Random, text: str) -> Image.Image:
    """Return a photograph-like picture of a character in one of matplotlib's fonts."""
    side = int(rng.integers(64, 140))
    font = ImageFont.truetype(pick(rng, fonts()), int(side * rng.uniform(0.75, 1.1)))
    ink = Image.new("L", (side, side), 0)
    ImageDraw.Draw(ink).text((side / 2, side / 2), text, 255, font, anchor="mm")
    return _photographed(rng, ink, rng.uniform(0.55, 1.05))


@functools.cache
def fonts() -> tuple[str, ...]:
    """Return the text fonts that matplotlib brings: DejaVu, without its display fonts."""
    import matplotlib as mpl

    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    return tuple(
        str(path) for path in sorted(folder.glob("DejaVu*.ttf")) if "Display" not in path.name
    )


def _photographed(rng: Random, ink: Image.Image, share: float) -> Image.Image:
    """Put the ink, filling so much of the frame, on paper under a camera."""
    height = int(ink.height / share)
    width = int(height * rng.uniform(0.7, 1.45))
    frame = Image.new("L", (width, height), 0)
    slack_x, slack_y = max(0, width - ink.width), max(0, height - ink.height)
    corner = (int(slack_x * rng.uniform(0.15, 0.85)), int(slack_y * rng.uniform(0.15, 0.85)))
    frame.paste(ink.crop((0, 0, width, height)), corner)
    covered = _bend(rng, np.asarray(_turn(rng, frame), np.float32))[..., None] / 255
    mask = np.clip((covered - rng.uniform(0, 0.25)) * rng.uniform(1.0, 1.7), 0, 1)
    sheet, colour = paper(rng, height, width)
    inked = rule(rng, sheet) * (1 - mask) + colour * mask
    return photograph(rng, light(rng, inked.astype(np.float32)))


def _turn(rng: Random, frame: Image.Image) -> Image.Image:
    turned = frame.rotate(rng.uniform(-14, 14), Image.Resampling.BILINEAR)
    shear = rng.uniform(-0.15, 0.15)
    matrix: Any = (1, shear, -shear * frame.height / 2, 0, 1, 0)
    return turned.transform(frame.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)


def _bend(rng: Random, ink: Pixels) -> Pixels:
    """Return the strokes drawn by a less steady hand, now and then: a gentle random warp."""
    if rng.random() < 0.4:
        return ink
    coarse = rng.normal(0, 0.022 * ink.shape[0], (2, 4, 4))
    stretch = (ink.shape[0] / 4, ink.shape[1] / 4)
    shift = np.stack([ndimage.zoom(each, stretch, order=2) for each in coarse])
    height, width = np.minimum(shift.shape[1:], ink.shape)
    where = np.indices((height, width)) + shift[:, :height, :width]
    bent = ink.copy()
    bent[:height, :width] = ndimage.map_coordinates(ink, where, order=1, mode="nearest")
    return bent
