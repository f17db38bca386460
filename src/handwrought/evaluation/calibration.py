"""Calibration: of all answers given with 80 % confidence, 80 % should be right.

Guo, Pleiss, Sun and Weinberger (2017), "On Calibration of Modern Neural Networks", ICML, section 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.errors import InvalidArgument
from handwrought.floating_point import with_default_errstate

__all__ = ["Calibration", "calibration", "probabilities"]

Array = NDArray[Any]

_LEAST = 1e-30
"""An output of 0 is taken as this, so that its logarithm is finite."""


@with_default_errstate
def probabilities(outputs: Array, activation: str = "softmax", temperature: float = 1.0) -> Array:
    """A network's outputs as probabilities that add up to 1 in each row.

    Softmax outputs p are probabilities already; with temperature T they become softmax(z / T),
    which is p^(1/T) divided by its sum (Guo et al. 2017, section 4.2).  Sigmoid outputs are ten
    separate answers of yes or no, and each is divided by their sum in the same way: a network
    that says 0.9 to two classes is half sure of each.  Other outputs may be negative, so the
    softmax is taken of them.  In each case the largest output has the largest probability.

    Parameters
    ----------
    outputs : array, shape (n, n_classes)
    activation : str
        Of the output layer.
    temperature : float
        Above 1 makes all answers less sure, below 1 more sure.

    Returns
    -------
    array of float64, shape (n, n_classes)

    Raises
    ------
    InvalidArgument
        If the temperature is not a number above 0, or these are no outputs.
    """
    if not (isfinite(temperature) and temperature > 0):
        raise InvalidArgument(f"temperature is {temperature!r}: it must be a number above 0")
    if outputs.ndim != 2 or not outputs.shape[1]:
        raise InvalidArgument(f"outputs has shape {outputs.shape}: give (n, n_classes)")
    z = outputs.astype(np.float64)
    if activation in ("softmax", "sigmoid"):
        z = np.log(np.maximum(z, _LEAST))
    z /= temperature
    p = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(p / p.sum(axis=1, keepdims=True))


@dataclass(frozen=True, eq=False)
class Calibration:
    """Answers sorted into bins by their confidence.

    Attributes
    ----------
    edges : array, shape (bins + 1,)
        A bin holds the confidences above its lower edge and up to its upper edge.
    counts : array of int, shape (bins,)
    confidence, accuracy : array, shape (bins,)
        Mean confidence and share of right answers of each bin; NaN where it is empty.
    """

    edges: Array
    counts: NDArray[np.int64]
    confidence: Array
    accuracy: Array

    @property
    def error(self) -> float:
        """Expected calibration error: Σ_b n_b / n |accuracy_b - confidence_b| (Guo et al., eq. 3)."""
        filled = self.counts > 0
        gaps = np.abs(self.accuracy[filled] - self.confidence[filled])
        return float(gaps @ self.counts[filled] / self.counts.sum())


@with_default_errstate
def calibration(confidence: Array, right: Array, bins: int = 15) -> Calibration:
    """Bins of equal width from 0 to 1.

    Parameters
    ----------
    confidence : array, shape (n,), from 0 to 1
    right : array of bool, shape (n,)
    bins : int

    Raises
    ------
    InvalidArgument
        If bins is no whole number from 1 to 1000, or the arrays are not of one length.
    """
    if isinstance(bins, bool) or not isinstance(bins, int | np.integer) or not 1 <= bins <= 1000:
        raise InvalidArgument(f"bins is {bins!r}: give a whole number from 1 to 1000")
    if confidence.ndim != 1 or confidence.shape != right.shape:
        raise InvalidArgument(
            f"confidence has shape {confidence.shape} and right {right.shape}: give (n,) of both"
        )
    edges = np.linspace(0, 1, bins + 1)
    at = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    counts = np.bincount(at, minlength=bins)
    means = []
    for values in (confidence, right):
        sums = np.bincount(at, weights=values, minlength=bins)
        means.append(np.divide(sums, counts, out=np.full(bins, np.nan), where=counts > 0))
    return Calibration(edges, counts, *means)
