"""Is a model as often right as it is sure? Confidence in bins, as in Guo et al., 2017."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BINS = 15

Confidence = npt.NDArray[np.float32]  # [n], 0..1
Right = npt.NDArray[np.bool_]  # [n]


def bins(confidence: Confidence) -> list[Right]:
    """Return for each bin that is not empty which of the answers fall into it."""
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return [place == each for each in range(BINS) if (place == each).any()]


def calibration_error(confidence: Confidence, right: Right) -> float:
    """Return the expected calibration error, 0..1: how far confidence is from the share right."""
    return float(
        sum(
            inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
            for inside in bins(confidence)
        )
    )
