"""When is a picture a drawing of nothing but our things? Weighs what the trained networks say.

They say how the whole picture looks and how strange its strangest thing is, at first sight and seen
closely. A logistic regression, fitted on pictures that they did not learn from, makes one
probability of it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from sklearn.linear_model import LogisticRegression

from serving.train.vqa import samples
from serving.train.vqa.eyes import Eyes
from serving.train.vqa.samples import Drawn

logger = logging.getLogger(__name__)
PICTURES = 3_000
REFUSED = 0.003  # of our own drawings, at most: what is strange in these is their bad quality

Floats = npt.NDArray[np.float64]


def judged(trained: Eyes, seed: int, pictures: int = PICTURES) -> Eyes:
    """Return the eyes with a judgement of in_domain that fits pictures drawn from this seed."""
    evidence, ours = look(trained, samples.generate(samples.drawn, pictures, seed))
    judgement = fit(evidence, ours)
    logger.info(
        "in domain: %.2f %+.2f of the picture %+.2f of its strangest thing %+.2f seen closely",
        *judgement,
    )
    return Eyes({**trained.weights, "judgement": judgement.astype(np.float32)})


def look(trained: Eyes, drawn: Iterable[Drawn]) -> tuple[Floats, Floats]:
    """Return the evidence in each of the pictures, [n, 4], and whether it is one of ours, [n]."""

    @tf.function(input_signature=[tf.TensorSpec([None, None, 3], tf.uint8)], autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def examine(pixels: Any) -> Any:
        return trained.examine(pixels)[1]

    found = [(examine(np.asarray(each.picture)).numpy(), each.in_domain) for each in drawn]
    evidence, ours = zip(*found, strict=True)
    return np.array(evidence, np.float64), np.array(ours, np.float64)


def fit(evidence: Floats, ours: Floats) -> Floats:
    """Return the weights [4] of the evidence, such that hardly any of ours is refused."""
    regression = LogisticRegression(fit_intercept=False).fit(evidence, ours)
    weights: Floats = regression.coef_[0]
    weakest = float(np.quantile((evidence @ weights)[ours > 0], REFUSED))
    weights[0] -= min(weakest, 0.0)
    return weights
