"""Calibration: of all answers given with 80 % confidence, 80 % should be right.

Guo, Pleiss, Sun and Weinberger (2017), "On Calibration of Modern Neural Networks", ICML, section 2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handwrought.data.dataset import Split
from handwrought.errors import InvalidArgument
from handwrought.floating_point import with_default_errstate
from handwrought.model import Model

__all__ = ["Calibration", "calibration", "fit_temperature", "mean_cost"]

Array = NDArray[Any]

_RANGE = (0.2, 5.0)


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


def fit_temperature(model: Model, split: Split) -> float:
    """The temperature that gives the labels the largest likelihood (Guo et al. 2017, section 4.2).

    Parameters
    ----------
    model : Model
        Whatever its own temperature is.
    split : Split
        Images that it was not trained on.

    Returns
    -------
    float
        From 0.2 to 5; below 1 where the network is too modest, above where it is too sure.

    Raises
    ------
    InvalidArgument
        If the split is empty, or does not fit the model.
    """
    from scipy.optimize import minimize_scalar

    # Once through the network: the odds at temperature T are those at 1 to the power of 1/T.
    p = _probabilities(model, split)
    labels = split.labels
    found = minimize_scalar(
        lambda temperature: _cost(p, labels, temperature), bounds=_RANGE, method="bounded"
    )
    return float(found.x)


def mean_cost(model: Model, split: Split, temperature: float) -> float:
    """Mean of -ln p of the label, p as the model with this temperature says it."""
    return _cost(_probabilities(model, split), split.labels, temperature)


def _probabilities(model: Model, split: Split) -> Array:
    if not len(split):
        raise InvalidArgument("a temperature is fitted on images, and there is none")
    return replace(model, temperature=1.0).probabilities(split.images)


def _cost(p: Array, labels: Array, temperature: float) -> float:
    z = np.log(np.maximum(p, 1e-30)) / temperature
    z -= z.max(axis=1, keepdims=True)
    of_label = z[np.arange(len(z)), labels] - np.log(np.exp(z).sum(axis=1))
    return float(-of_label.mean())
