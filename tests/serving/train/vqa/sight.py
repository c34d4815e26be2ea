"""What perfect eyes would see in a scene."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from serving.train.vqa.eyes import Objects
from serving.train.vqa.scene import Scene
from serving.train.vqa.world import COLOURS, ROWS, SHAPES


def perfect(scenes: Sequence[Scene]) -> Objects:
    rows = {
        name: np.zeros((len(scenes), ROWS, *shape), np.float32) for name, shape in _SHAPES.items()
    }
    for number, scene in enumerate(scenes):
        for row, thing in enumerate(scene.things):
            cx, cy = scene.parts(thing.x, thing.y)
            values = {"kept": 1, "score": 1, "x": thing.x, "y": thing.y, "size": thing.size,
                      "cx": cx, "cy": cy}  # fmt: skip
            for name, value in values.items():
                rows[name][number, row] = value
            rows["colour_probs"][number, row, thing.colour] = 1
            rows["shape_probs"][number, row, thing.shape] = 1
    each: dict[str, Any] = {name: tf.constant(value) for name, value in rows.items()}
    each["kept"] = each["kept"] > 0
    whole = {"doubt": tf.zeros([len(scenes)]), "in_domain": tf.ones([len(scenes)])}
    return Objects(**each, **whole)


_SHAPES: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("kept", "score", "x", "y", "size", "cx", "cy"), ()),
    "box": (4,),
    "colour_probs": (len(COLOURS),),
    "shape_probs": (len(SHAPES),),
}
