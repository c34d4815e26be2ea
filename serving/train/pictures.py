"""`python -m serving.train.pictures FOLDER`: pictures that the demo classifier has never seen.

They lie in folders named by class, as `python -m serving export demo --optimise int8 --calibrate`
wants them.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from serving.train import samples
from serving.train.camera import Random

SEED = 7  # no picture of the training was drawn with it
PICTURES = 2200  # 200 to calibrate by, 2,000 to compare on: one is a twentieth of a point
_JPEG = 0.6  # the share of them; the rest are PNG


def write(folder: Path, count: int) -> None:
    """Draw so many pictures of the test part into folder/CLASS/; set by the seed."""
    rng = np.random.default_rng(SEED)
    for number in range(count):
        picture, label = samples.sample(rng, "test")
        name, data = _encode(rng, picture)
        path = folder / str(label) / f"{number:05}.{name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _encode(rng: Random, picture: Image.Image) -> tuple[str, bytes]:
    form, file = "JPEG" if rng.random() < _JPEG else "PNG", io.BytesIO()
    picture.convert("RGB").save(file, form)
    return form.lower(), file.getvalue()


def main(arguments: Sequence[str]) -> int:
    """Write them."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m serving.train.pictures FOLDER\n")
        return 2
    write(Path(arguments[0]), PICTURES)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
