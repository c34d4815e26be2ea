"""The pictures in training reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from serving.train.reliability import BINS, Confidence, Right, bins


def confusion(path: Path, counts: npt.NDArray[np.int64], classes: Sequence[str]) -> None:
    """Draw counts [true, answered] as a table, shaded by the share of each row."""
    side = max(6.4, 0.38 * len(classes))  # inches
    figure = Figure(figsize=(side, side - 0.4), layout="constrained")
    axes = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.argwhere(counts > 0):
        shade = "white" if shares[row, column] > 0.5 else "black"
        axes.text(
            column, row, str(counts[row, column]), ha="center", va="center", color=shade, fontsize=8
        )
    axes.set_xticks(range(len(classes)), classes, rotation=45)
    axes.set_yticks(range(len(classes)), classes)
    axes.set_xlabel("answered")
    axes.set_ylabel("true")
    figure.savefig(path, dpi=100)


def reliability(path: Path, confidence: Confidence, right: Right) -> None:
    """Draw how often the model is right against how sure it is; the diagonal is honest."""
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes, below = figure.subplots(2, 1, height_ratios=[3, 1], sharex=True)
    used = bins(confidence)
    means = [confidence[inside].mean() for inside in used]
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":")
    axes.plot(means, [right[inside].mean() for inside in used], marker="o")
    axes.set_ylabel("share that is right")
    below.bar(means, [inside.sum() for inside in used], width=0.8 / BINS)
    below.set_yscale("log")
    below.set_ylabel("pictures")
    below.set_xlabel("confidence")
    figure.savefig(path, dpi=100)


def shares(path: Path, series: Mapping[str, Mapping[str, float]]) -> None:
    """Draw shares, 0..1: a bar for each name in each of the series, which have the same names."""
    names = list(next(iter(series.values())))
    figure = Figure(figsize=(7, 1 + 0.22 * len(names)), layout="constrained")
    axes = figure.subplots()
    height = 0.8 / len(series)
    for number, (title, values) in enumerate(series.items()):
        places = np.arange(len(names)) + (number - (len(series) - 1) / 2) * height
        axes.barh(places, [100 * values[name] for name in names], height, label=title)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlim(min(90.0, *(100 * min(each.values()) for each in series.values())) - 1, 100)
    axes.set_xlabel("right, %")
    axes.legend(loc="lower left")
    figure.savefig(path, dpi=100)
