"""How sure is right: logistic curves, fitted to what turned out right and wrong."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

_FITTED, _PACE = 20_000, 0.1  # steps of the fit, and their size
_RIDGE = 1e-4  # on slopes other than 1
_FLAT = 0.05  # the least slope: more evidence is never less confidence
_TINY = 1e-6

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Makes confidence honest: the product of what was learned of each of several evidences.

    Each is a logistic curve on the evidence's logit, as in Platt, 1999. In a product one weak
    evidence is enough for doubt: no clear question makes up for a strange picture.
    """

    offsets: tuple[float, ...] = (0.0, 0.0, 0.0)
    slopes: tuple[float, ...] = (1.0, 1.0, 1.0)

    def chance(self, logits: Floats) -> Floats:
        """Return how sure it is, [n], by the logits of the evidences, [n, evidences]."""
        curves = 1 / (1 + np.exp(-np.clip(self.offsets + self.slopes * logits, -30, 30)))
        chance: Floats = curves.prod(axis=1)
        return chance


def logits(evidence: Floats) -> Floats:
    """Return the logits of probabilities."""
    found: Floats = np.log(evidence + _TINY) - np.log(1 - evidence + _TINY)
    return found


def fit(evidence: Floats, right: Mask) -> Calibration:
    """Return the curves whose product makes what was right and wrong most likely.

    evidence: logits [n, evidences]; right: [n].
    """
    offsets, slopes = np.zeros(evidence.shape[1]), np.ones(evidence.shape[1])
    pace_offsets, pace_slopes = np.zeros_like(offsets), np.zeros_like(slopes)
    for _ in range(_FITTED):
        curves = 1 / (1 + np.exp(-np.clip(offsets + slopes * evidence, -30, 30)))
        chance = np.clip(curves.prod(axis=1), _TINY, 1 - _TINY)
        push = ((right - chance) / (1 - chance))[:, np.newaxis] * (1 - curves)
        pace_offsets = 0.9 * pace_offsets + 0.1 * push.mean(axis=0)
        pace_slopes = 0.9 * pace_slopes + 0.1 * (
            (push * evidence).mean(axis=0) - _RIDGE * (slopes - 1)
        )
        offsets = offsets + _PACE * pace_offsets
        slopes = np.maximum(slopes + _PACE * pace_slopes, _FLAT)
    return Calibration(offsets=tuple(map(float, offsets)), slopes=tuple(map(float, slopes)))
