"""Thresholds between two classes of values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["otsu", "subsample"]

Array = NDArray[Any]


def otsu(values: Array) -> float:
    """The threshold that parts values into the two most distinct classes (Otsu 1979)."""
    counts, edges = np.histogram(values, 128)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1].astype(np.float64)
    above = counts.sum() - below
    sums = np.cumsum(counts * centres)
    means = sums[:-1] / np.maximum(below, 1), (sums[-1] - sums[:-1]) / np.maximum(above, 1)
    between = below * above * (means[1] - means[0]) ** 2
    # Between two clear classes many thresholds do equally well: the middle one.
    best = np.flatnonzero(between >= between.max() * (1 - 1e-9))
    return float(edges[1 + best[len(best) // 2]])


def subsample(values: Array) -> Array:
    """Some hundred thousand values, enough for any statistic of the whole."""
    flat = values.ravel()
    return flat[:: max(1, len(flat) // 100_000) | 1]
