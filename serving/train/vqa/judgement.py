"""When is a picture a drawing of nothing but our things? Weighs what the trained network says.

The network says how the whole picture looks and how strange its strangest thing is. A logistic
regression, fitted on pictures that the network did not learn from, makes one probability of both.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from sklearn.linear_model import LogisticRegression

from serving.train.vqa import eyes, network, samples
from serving.train.vqa.eyes import Eyes
from serving.train.vqa.samples import Sample

logger = logging.getLogger(__name__)
PICTURES = 3_000
REFUSED = 0.003  # of our own drawings, at most: what is strange in these is their bad quality

Floats = npt.NDArray[np.float64]


def judged(trained: Eyes, seed: int, pictures: int = PICTURES) -> Eyes:
    """Return the eyes with a judgement of in_domain that fits pictures drawn from this seed."""
    drawn = samples.dataset(pictures, seed)
    evidence = look(trained, drawn)
    ours = np.array([each.in_domain for each in drawn])
    judgement = fit(evidence, ours)
    logger.info("in domain: %.2f %+.2f of the picture %+.2f of its strangest thing", *judgement)
    return Eyes({**trained.weights, "judgement": judgement.astype(np.float32)})


def look(trained: Eyes, drawn: Sequence[Sample]) -> Floats:
    """Return the evidence, [n, 3], in each of the pictures."""
    weights = {name: tf.constant(each) for name, each in trained.weights.items()}

    @tf.function(reduce_retracing=True, autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def run(pixels: Any) -> Any:
        answer, domain = network.run(weights, tf.cast(pixels, tf.float32))
        return eyes.evidence(answer[0], domain[0])

    return np.array([run(each.pixels[np.newaxis]) for each in drawn], np.float64)


def fit(evidence: Floats, ours: Floats) -> Floats:
    """Return the weights [3] of the evidence, such that hardly any of ours is refused."""
    regression = LogisticRegression(fit_intercept=False).fit(evidence, ours)
    weights: Floats = regression.coef_[0]
    weakest = float(np.quantile((evidence @ weights)[ours > 0], REFUSED))
    weights[0] -= min(weakest, 0.0)
    return weights
