"""When is a picture a drawing of nothing but our things? Weighs what the trained networks say.

They say how the whole picture looks, and how strange its strangest thing is when seen closely. Two
curves, fitted on pictures that they did not learn from, make one probability of both: no good looks
make up for a strange thing.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from serving.train.vqa import samples
from serving.train.vqa.calibration import Floats, Mask, fit
from serving.train.vqa.eyes import Eyes
from serving.train.vqa.samples import Drawn

logger = logging.getLogger(__name__)
PICTURES = 3_000
REFUSED = 0.004  # of our own drawings, at most: what is strange in these is their bad quality
_EVEN = 0.5  # probability from which a picture counts as one of ours


def judged(trained: Eyes, seed: int, pictures: int = PICTURES) -> Eyes:
    """Return the eyes with a judgement of in_domain that fits pictures drawn from this seed."""
    judgement = weigh(*look(trained, samples.generate(samples.drawn, pictures, seed)))
    logger.info("in domain, offsets, slopes and power of the evidence: %s", judgement)
    return Eyes({**trained.weights, "judgement": np.array(judgement, np.float32)})


def look(trained: Eyes, drawn: Iterable[Drawn]) -> tuple[Floats, Mask]:
    """Return the evidence in each of the pictures, [n, 2], and whether it is one of ours, [n]."""

    @tf.function(input_signature=[tf.TensorSpec([None, None, 3], tf.uint8)], autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def examine(pixels: Any) -> Any:
        return trained.examine(pixels)[1]

    found = [(examine(np.asarray(each.picture)).numpy(), each.in_domain) for each in drawn]
    evidence, ours = zip(*found, strict=True)
    return np.array(evidence, np.float64), np.array(ours) > 0


def weigh(evidence: Floats, ours: Mask) -> list[float]:
    """Return offsets and slopes of the curves, and to which power their product is in_domain.

    By the power just REFUSED of ours are below one half.
    """
    curves = fit(evidence, ours)
    weakest = float(np.quantile(curves.chance(evidence[ours]), REFUSED))
    return [*curves.offsets, *curves.slopes, math.log(_EVEN) / math.log(min(weakest, _EVEN))]
